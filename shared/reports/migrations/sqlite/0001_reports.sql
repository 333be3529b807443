-- Analytics schema. Every table can be computed again from the sessions schema, to the byte.
-- Days are UTC, as text YYYY-MM-DD (DATE in MySQL). Sets of persons are the first 64 bits of
-- hashes of pseudonyms, ascending, 8 bytes each, the most significant byte first; they let
-- distinct persons be counted over any range. The comments of the report tables are the texts
-- of the catalogue.

CREATE TABLE feature_usage (
    product VARCHAR(63) NOT NULL,
    day CHAR(10) NOT NULL,
    environment VARCHAR(16) NOT NULL,
    version VARCHAR(190) NOT NULL,
    feature VARCHAR(240) NOT NULL,
    uses BIGINT NOT NULL,
    sessions BIGINT NOT NULL,
    users BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    timed_uses BIGINT NOT NULL,
    p50_us BIGINT NULL,
    p95_us BIGINT NULL,
    p99_us BIGINT NULL,
    durations BLOB NOT NULL,
    persons BLOB NOT NULL,
    PRIMARY KEY (product, day, environment, version, feature)
);

CREATE TABLE release_health (
    product VARCHAR(63) NOT NULL,
    day CHAR(10) NOT NULL,
    environment VARCHAR(16) NOT NULL,
    version VARCHAR(190) NOT NULL,
    sessions BIGINT NOT NULL,
    users BIGINT NOT NULL,
    unidentified_sessions BIGINT NOT NULL,
    ok BIGINT NOT NULL,
    exited BIGINT NOT NULL,
    errored BIGINT NOT NULL,
    unhandled BIGINT NOT NULL,
    abnormal BIGINT NOT NULL,
    crashed BIGINT NOT NULL,
    crash_free_session_rate DOUBLE NULL,
    error_free_session_rate DOUBLE NULL,
    crash_free_user_rate DOUBLE NULL,
    error_free_user_rate DOUBLE NULL,
    session_share DOUBLE NULL,
    user_share DOUBLE NULL,
    sessions_with_events BIGINT NOT NULL,
    persons BLOB NOT NULL,
    erring_persons BLOB NOT NULL,
    crashing_persons BLOB NOT NULL,
    PRIMARY KEY (product, day, environment, version)
);

CREATE TABLE active_users (
    product VARCHAR(63) NOT NULL,
    environment VARCHAR(16) NOT NULL,
    day CHAR(10) NOT NULL,
    dau BIGINT NOT NULL,
    wau BIGINT NOT NULL,
    mau BIGINT NOT NULL,
    stickiness DOUBLE NULL,
    sessions BIGINT NOT NULL,
    unidentified_sessions BIGINT NOT NULL,
    new_users BIGINT NOT NULL,
    persons BLOB NOT NULL,
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
