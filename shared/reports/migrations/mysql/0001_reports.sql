-- Analytics schema, for MySQL 8 and MariaDB 10.11. Every table can be computed again from the
-- sessions schema, to the byte. Character set and collation are those of the schema itself,
-- which is made to compare bytewise and without padding before this runs. Days are UTC. Sets
-- of persons are the first 64 bits of hashes of pseudonyms, ascending, 8 bytes each, the most
-- significant byte first; they let distinct persons be counted over any range. The comments of
-- the report tables are the texts of the catalogue.

CREATE TABLE feature_usage (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    version VARCHAR(190) NOT NULL COMMENT 'Version of the software; (unknown) where a session states none.',
    feature VARCHAR(240) NOT NULL COMMENT 'Name of the feature; (other) for names beyond the bound on names.',
    uses BIGINT NOT NULL COMMENT 'How often it was used: the sum of the events'' counts.',
    sessions BIGINT NOT NULL COMMENT 'Sessions in which it was used at least once.',
    users BIGINT NOT NULL COMMENT 'Distinct persons who used it.',
    errors BIGINT NOT NULL COMMENT 'Events of it that are errors.',
    timed_uses BIGINT NOT NULL COMMENT 'Uses whose duration is known.',
    p50_us BIGINT NULL COMMENT 'Median duration of the timed uses, within 1 %.',
    p95_us BIGINT NULL COMMENT '95th percentile of their durations, within 1 %.',
    p99_us BIGINT NULL COMMENT '99th percentile of their durations, within 1 %.',
    durations LONGBLOB NOT NULL COMMENT 'The distribution of the durations, mergeable.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, version, feature)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE release_health (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    version VARCHAR(190) NOT NULL COMMENT 'Version of the software; (unknown) where a session states none.',
    sessions BIGINT NOT NULL COMMENT 'Sessions of it.',
    users BIGINT NOT NULL COMMENT 'Distinct persons who ran it.',
    unidentified_sessions BIGINT NOT NULL COMMENT 'Sessions that name neither user nor installation.',
    ok BIGINT NOT NULL COMMENT 'Sessions with nothing bad and no explicit end.',
    exited BIGINT NOT NULL COMMENT 'Sessions with nothing bad that ended explicitly.',
    errored BIGINT NOT NULL COMMENT 'Sessions whose worst is an error that was handled.',
    unhandled BIGINT NOT NULL COMMENT 'Sessions whose worst is an error that was not handled.',
    abnormal BIGINT NOT NULL COMMENT 'Sessions that should have ended explicitly and did not.',
    crashed BIGINT NOT NULL COMMENT 'Sessions that crashed.',
    crash_free_session_rate DOUBLE NULL COMMENT 'Share of the sessions that did not crash.',
    error_free_session_rate DOUBLE NULL COMMENT 'Share of the sessions that are ok or exited.',
    crash_free_user_rate DOUBLE NULL COMMENT 'Share of the users none of whose sessions crashed.',
    error_free_user_rate DOUBLE NULL COMMENT 'Share of the users all of whose sessions are ok or exited.',
    session_share DOUBLE NULL COMMENT 'Share among the sessions of all versions.',
    user_share DOUBLE NULL COMMENT 'Share of the users of any version who ran it.',
    sessions_with_events BIGINT NOT NULL COMMENT 'Sessions in which anything happened.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    erring_persons LONGBLOB NOT NULL COMMENT 'Those with a session worse than exited.',
    crashing_persons LONGBLOB NOT NULL COMMENT 'Those with a session that crashed.',
    PRIMARY KEY (product, day, environment, version)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE active_users (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production, other, or all of both.',
    day DATE NOT NULL COMMENT 'The UTC day, with which the windows end.',
    dau BIGINT NOT NULL COMMENT 'Distinct persons of the day.',
    wau BIGINT NOT NULL COMMENT 'Distinct persons of the 7 days that end with the day.',
    mau BIGINT NOT NULL COMMENT 'Distinct persons of the 28 days that end with the day.',
    stickiness DOUBLE NULL COMMENT 'Share of the 28 days'' persons who came on the day.',
    sessions BIGINT NOT NULL COMMENT 'Sessions that belong to the day.',
    unidentified_sessions BIGINT NOT NULL COMMENT 'Sessions that name neither user nor installation.',
    new_users BIGINT NOT NULL COMMENT 'Persons whose first day it is.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, environment, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- On which days a person was there; what `person_first` is found from when a day changes.
CREATE TABLE person_day (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production, other, or all of both.',
    person BIGINT NOT NULL COMMENT 'The person.',
    day DATE NOT NULL COMMENT 'A UTC day on which the person was there.',
    PRIMARY KEY (product, environment, person, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The first day on which a person was there.
CREATE TABLE person_first (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production, other, or all of both.',
    person BIGINT NOT NULL COMMENT 'The person.',
    first_day DATE NOT NULL COMMENT 'The first UTC day on which the person was there.',
    PRIMARY KEY (product, environment, person)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX person_first_day ON person_first (product, environment, first_day);

-- Who is at work on a product's reports, and until when at most.
CREATE TABLE analyze_lease (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    holder VARCHAR(32) NOT NULL COMMENT 'Who is at work on its reports.',
    expires_at BIGINT NOT NULL COMMENT 'Until when at most, in microseconds since 1970.',
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The instant of the last run that left nothing to do.
CREATE TABLE analyze_run (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    as_of BIGINT NOT NULL COMMENT 'The instant of the last run that left nothing to do, in microseconds since 1970.',
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE calendar (
    day DATE NOT NULL COMMENT 'The day, from 2000-01-01 to 2099-12-31.',
    year SMALLINT NOT NULL COMMENT 'The year.',
    quarter SMALLINT NOT NULL COMMENT 'The quarter, 1 to 4.',
    month SMALLINT NOT NULL COMMENT 'The month, 1 to 12.',
    day_of_month SMALLINT NOT NULL COMMENT 'The day of the month, 1 to 31.',
    day_of_week SMALLINT NOT NULL COMMENT 'The day of the week by ISO 8601: 1 is Monday, 7 is Sunday.',
    iso_year SMALLINT NOT NULL COMMENT 'The year that the ISO 8601 week belongs to.',
    iso_week SMALLINT NOT NULL COMMENT 'The week by ISO 8601, 1 to 53.',
    week_starts_on DATE NOT NULL COMMENT 'The Monday of the week.',
    is_weekend SMALLINT NOT NULL COMMENT '1 on Saturday and Sunday.',
    PRIMARY KEY (day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

INSERT INTO calendar
WITH digits (n) AS (
    SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
), days (day) AS (
    SELECT DATE('2000-01-01') + INTERVAL (a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n) DAY
    FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c CROSS JOIN digits AS d
        CROSS JOIN digits AS e
    WHERE e.n < 4
)
SELECT day,
    YEAR(day),
    QUARTER(day),
    MONTH(day),
    DAYOFMONTH(day),
    WEEKDAY(day) + 1,
    YEARWEEK(day, 3) DIV 100,
    WEEK(day, 3),
    day - INTERVAL WEEKDAY(day) DAY,
    WEEKDAY(day) > 4
FROM days
WHERE day <= '2099-12-31'
ORDER BY day;
