-- Analytics schema. Every table can be computed again from the sessions schema, to the byte.
-- Days are UTC, as text YYYY-MM-DD (DATE in MySQL). Sets of persons are the first 64 bits of
-- hashes of pseudonyms, ascending, 8 bytes each, the most significant byte first; they let
-- distinct persons be counted over any range. The comments of the report tables are the texts
-- of the catalogue.

CREATE TABLE feature_usage (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    version VARCHAR(190) NOT NULL, -- Version of the software; (unknown) where a session states none.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    uses BIGINT NOT NULL, -- How often it was used: the sum of the events' counts.
    sessions BIGINT NOT NULL, -- Sessions in which it was used at least once.
    users BIGINT NOT NULL, -- Distinct persons who used it.
    errors BIGINT NOT NULL, -- Events of it that are errors.
    timed_uses BIGINT NOT NULL, -- Uses whose duration is known.
    p50_us BIGINT NULL, -- Median duration of the timed uses, within 1 %.
    p95_us BIGINT NULL, -- 95th percentile of their durations, within 1 %.
    p99_us BIGINT NULL, -- 99th percentile of their durations, within 1 %.
    durations BLOB NOT NULL, -- The distribution of the durations, mergeable.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, version, feature)
);

CREATE TABLE release_health (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    version VARCHAR(190) NOT NULL, -- Version of the software; (unknown) where a session states none.
    sessions BIGINT NOT NULL, -- Sessions of it.
    users BIGINT NOT NULL, -- Distinct persons who ran it.
    unidentified_sessions BIGINT NOT NULL, -- Sessions that name neither user nor installation.
    ok BIGINT NOT NULL, -- Sessions with nothing bad and no explicit end.
    exited BIGINT NOT NULL, -- Sessions with nothing bad that ended explicitly.
    errored BIGINT NOT NULL, -- Sessions whose worst is an error that was handled.
    unhandled BIGINT NOT NULL, -- Sessions whose worst is an error that was not handled.
    abnormal BIGINT NOT NULL, -- Sessions that should have ended explicitly and did not.
    crashed BIGINT NOT NULL, -- Sessions that crashed.
    crash_free_session_rate DOUBLE NULL, -- Share of the sessions that did not crash.
    error_free_session_rate DOUBLE NULL, -- Share of the sessions that are ok or exited.
    crash_free_user_rate DOUBLE NULL, -- Share of the users none of whose sessions crashed.
    error_free_user_rate DOUBLE NULL, -- Share of the users all of whose sessions are ok or exited.
    session_share DOUBLE NULL, -- Share among the sessions of all versions.
    user_share DOUBLE NULL, -- Share of the users of any version who ran it.
    sessions_with_events BIGINT NOT NULL, -- Sessions in which anything happened.
    persons BLOB NOT NULL, -- Who they are, as a set.
    erring_persons BLOB NOT NULL, -- Those with a session worse than exited.
    crashing_persons BLOB NOT NULL, -- Those with a session that crashed.
    PRIMARY KEY (product, day, environment, version)
);

CREATE TABLE active_users (
    product VARCHAR(63) NOT NULL, -- The product.
    environment VARCHAR(16) NOT NULL, -- production, other, or all of both.
    day CHAR(10) NOT NULL, -- The UTC day, with which the windows end.
    dau BIGINT NOT NULL, -- Distinct persons of the day.
    wau BIGINT NOT NULL, -- Distinct persons of the 7 days that end with the day.
    mau BIGINT NOT NULL, -- Distinct persons of the 28 days that end with the day.
    stickiness DOUBLE NULL, -- Share of the 28 days' persons who came on the day.
    sessions BIGINT NOT NULL, -- Sessions that belong to the day.
    unidentified_sessions BIGINT NOT NULL, -- Sessions that name neither user nor installation.
    new_users BIGINT NOT NULL, -- Persons whose first day it is.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, environment, day)
);

-- On which days a person was there; what `person_first` is found from when a day changes.
CREATE TABLE person_day (
    product VARCHAR(63) NOT NULL,
    environment VARCHAR(16) NOT NULL,
    person BIGINT NOT NULL,
    day CHAR(10) NOT NULL,
    PRIMARY KEY (product, environment, person, day)
) WITHOUT ROWID;

-- The first day on which a person was there.
CREATE TABLE person_first (
    product VARCHAR(63) NOT NULL,
    environment VARCHAR(16) NOT NULL,
    person BIGINT NOT NULL,
    first_day CHAR(10) NOT NULL,
    PRIMARY KEY (product, environment, person)
) WITHOUT ROWID;

CREATE INDEX person_first_day ON person_first (product, environment, first_day);

-- Who is at work on a product's reports, and until when at most.
CREATE TABLE analyze_lease (
    product VARCHAR(63) NOT NULL,
    holder VARCHAR(32) NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (product)
) WITHOUT ROWID;

-- The instant of the last run that left nothing to do.
CREATE TABLE analyze_run (
    product VARCHAR(63) NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (product)
) WITHOUT ROWID;

CREATE TABLE calendar (
    day CHAR(10) NOT NULL,          -- the day, from 2000-01-01 to 2099-12-31
    year SMALLINT NOT NULL,
    quarter SMALLINT NOT NULL,      -- 1 to 4
    month SMALLINT NOT NULL,        -- 1 to 12
    day_of_month SMALLINT NOT NULL, -- 1 to 31
    day_of_week SMALLINT NOT NULL,  -- by ISO 8601: 1 is Monday, 7 is Sunday
    iso_year SMALLINT NOT NULL,     -- the year that the ISO 8601 week belongs to
    iso_week SMALLINT NOT NULL,     -- 1 to 53
    week_starts_on CHAR(10) NOT NULL, -- the Monday of the week
    is_weekend SMALLINT NOT NULL,   -- 1 on Saturday and Sunday
    PRIMARY KEY (day)
) WITHOUT ROWID;

WITH RECURSIVE days (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM days WHERE n < 36524),
    dated (day) AS (SELECT date('2000-01-01', '+' || n || ' days') FROM days),
    weeked (day, day_of_week, thursday) AS (
        SELECT day, (strftime('%w', day) + 6) % 7 + 1, date(day, '-3 days', 'weekday 4') FROM dated)
INSERT INTO calendar
SELECT day,
    CAST(strftime('%Y', day) AS INTEGER),
    (CAST(strftime('%m', day) AS INTEGER) + 2) / 3,
    CAST(strftime('%m', day) AS INTEGER),
    CAST(strftime('%d', day) AS INTEGER),
    day_of_week,
    CAST(strftime('%Y', thursday) AS INTEGER),
    (CAST(strftime('%j', thursday) AS INTEGER) - 1) / 7 + 1,
    date(day, '-' || (day_of_week - 1) || ' days'),
    day_of_week > 5
FROM weeked;
