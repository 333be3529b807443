-- What BI tools read: a view a report table, `bi_` and the table's name. They show plain columns,
-- no sets of persons; production and other sessions apart, never both together; and no group of
-- fewer persons than the product's `min_users`. The user who reads them needs no right on the
-- tables: the views read as who made them.

-- What views need to know of a product. Written by each analysis; what is not there holds as the
-- defaults do.
CREATE TABLE product_settings (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    min_users BIGINT NOT NULL COMMENT 'Persons that a group needs to be shown.',
    judged_on DATE NOT NULL COMMENT 'The UTC day of the last analysis: nothing is known of later ones.',
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What the columns of the views mean: the texts of the catalogue, written when the schema is brought
-- up to date. A view of this kind of database has no comments of its own.
CREATE TABLE view_columns (
    view_name VARCHAR(63) NOT NULL COMMENT 'The view.',
    position SMALLINT NOT NULL COMMENT 'Which column of the view it is, from 1.',
    column_name VARCHAR(63) NOT NULL COMMENT 'The column.',
    type VARCHAR(16) NOT NULL COMMENT 'date, time, text, integer, ratio, number or boolean.',
    unit VARCHAR(32) NOT NULL COMMENT 'What a number counts or measures; - for texts and days.',
    adds_up SMALLINT NOT NULL COMMENT '1 where it may be summed over days.',
    meaning VARCHAR(500) NOT NULL COMMENT 'What it means.',
    PRIMARY KEY (view_name, position)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Who used a feature on a day, whatever the version: numbers, where `feature_usage` has sets.
CREATE TABLE feature_days (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    feature VARCHAR(240) NOT NULL COMMENT 'Name of the feature; (other) for names beyond the bound on names.',
    users BIGINT NOT NULL COMMENT 'Distinct persons who used the feature.',
    PRIMARY KEY (product, day, environment, feature)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

ALTER TABLE feature_paths
    ADD COLUMN share DOUBLE NULL COMMENT 'Share of the sessions with the feature before.';

-- 0, which is the band (unknown), until it is computed.
ALTER TABLE account_features
    ADD COLUMN users BIGINT NOT NULL DEFAULT 0 COMMENT 'Distinct persons of the account who used it.';

CREATE SQL SECURITY DEFINER VIEW bi_feature_usage AS
SELECT t.product, t.day, t.environment, t.version, t.feature, t.uses, t.sessions, t.users, t.errors,
    t.timed_uses, t.p50_us, t.p95_us, t.p99_us
FROM feature_usage AS t
LEFT JOIN product_settings AS s ON s.product = t.product
WHERE t.users >= COALESCE(s.min_users, 5);

CREATE SQL SECURITY DEFINER VIEW bi_feature_adoption AS
SELECT t.product, t.day, t.environment, t.feature,
    COALESCE(a.dau, 0) AS active_users,
    t.users,
    t.users * 1e0 / NULLIF(a.dau, 0) AS adoption,
    COALESCE(f.new_users, 0) AS new_users,
    COALESCE(f.repeat_7, 0) AS repeat_7,
    COALESCE(f.repeat_28, 0) AS repeat_28,
    CASE WHEN t.day + INTERVAL 7 DAY < s.judged_on
        THEN f.repeat_7 * 1e0 / NULLIF(f.new_users, 0) END AS repeat_7_rate,
    CASE WHEN t.day + INTERVAL 28 DAY < s.judged_on
        THEN f.repeat_28 * 1e0 / NULLIF(f.new_users, 0) END AS repeat_28_rate
FROM feature_days AS t
LEFT JOIN product_settings AS s ON s.product = t.product
LEFT JOIN active_users AS a
    ON a.product = t.product AND a.environment = t.environment AND a.day = t.day
LEFT JOIN feature_adoption AS f
    ON f.product = t.product AND f.day = t.day AND f.environment = t.environment
    AND f.feature = t.feature
WHERE t.users >= COALESCE(s.min_users, 5);

CREATE SQL SECURITY DEFINER VIEW bi_feature_paths AS
SELECT t.product, t.day, t.environment, t.from_feature, t.to_feature, t.sessions, t.users, t.share
FROM feature_paths AS t
LEFT JOIN product_settings AS s ON s.product = t.product
WHERE t.users >= COALESCE(s.min_users, 5);

CREATE SQL SECURITY DEFINER VIEW bi_release_health AS
SELECT t.product, t.day, t.environment, t.version, t.sessions, t.users, t.unidentified_sessions,
    t.ok, t.exited, t.errored, t.unhandled, t.abnormal, t.crashed, t.crash_free_session_rate,
    t.error_free_session_rate, t.crash_free_user_rate, t.error_free_user_rate, t.session_share,
    t.user_share
FROM release_health AS t
LEFT JOIN product_settings AS s ON s.product = t.product
WHERE t.users >= COALESCE(s.min_users, 5);

CREATE SQL SECURITY DEFINER VIEW bi_top_errors AS
SELECT t.product, t.day, t.environment, t.version, t.error, t.events, t.sessions, t.users,
    e.first_day, e.first_version, e.last_day, e.last_version
FROM top_errors AS t
LEFT JOIN product_settings AS s ON s.product = t.product
LEFT JOIN error_seen AS e
    ON e.product = t.product AND e.environment = t.environment AND e.error = t.error
WHERE t.users >= COALESCE(s.min_users, 5);

CREATE SQL SECURITY DEFINER VIEW bi_platforms AS
SELECT t.product, t.day, t.environment, t.os, t.os_version, t.runtime, t.sessions, t.users,
    t.session_share, t.user_share
FROM platforms AS t
LEFT JOIN product_settings AS s ON s.product = t.product
WHERE t.users >= COALESCE(s.min_users, 5);

-- Each window is a group of its own: where it is too small, its figures are null. That nobody came
-- tells of nobody.
CREATE SQL SECURITY DEFINER VIEW bi_active_users AS
SELECT t.product, t.day, t.environment,
    CASE WHEN t.dau >= COALESCE(s.min_users, 5) OR t.sessions = 0 THEN t.dau END AS dau,
    CASE WHEN t.wau >= COALESCE(s.min_users, 5) THEN t.wau END AS wau,
    CASE WHEN t.mau >= COALESCE(s.min_users, 5) THEN t.mau END AS mau,
    CASE WHEN t.mau >= COALESCE(s.min_users, 5)
        AND (t.dau >= COALESCE(s.min_users, 5) OR t.sessions = 0) THEN t.stickiness END AS stickiness,
    CASE WHEN t.dau >= COALESCE(s.min_users, 5) OR t.sessions = 0 THEN t.sessions END AS sessions,
    CASE WHEN t.dau >= COALESCE(s.min_users, 5) OR t.sessions = 0
        THEN t.unidentified_sessions END AS unidentified_sessions,
    CASE WHEN t.dau >= COALESCE(s.min_users, 5) OR t.sessions = 0 THEN t.new_users END AS new_users
FROM active_users AS t
LEFT JOIN product_settings AS s ON s.product = t.product
WHERE t.environment <> 'all'
    AND t.day <= COALESCE(s.judged_on, DATE '9999-12-31')
    AND (t.wau >= COALESCE(s.min_users, 5)
        OR t.mau >= COALESCE(s.min_users, 5)
        OR (t.sessions > 0 AND t.dau >= COALESCE(s.min_users, 5)));

-- Weeks without anyone are no rows of the table, and shown as 0: the calendar has them.
CREATE SQL SECURITY DEFINER VIEW bi_retention AS
SELECT c.product, c.environment, c.cohort,
    DATEDIFF(w.day, c.cohort) DIV 7 AS week,
    c.users AS cohort_users,
    COALESCE(t.users, 0) AS users,
    COALESCE(t.users, 0) * 1e0 / c.users AS retention,
    CASE WHEN w.day + INTERVAL 7 DAY <= s.judged_on THEN 1 ELSE 0 END AS complete
FROM retention AS c
INNER JOIN product_settings AS s ON s.product = c.product
INNER JOIN calendar AS w
    ON w.day >= c.cohort AND w.day <= s.judged_on AND w.day_of_week = 1
LEFT JOIN retention AS t
    ON t.product = c.product AND t.environment = c.environment AND t.cohort = c.cohort
    AND t.week = DATEDIFF(w.day, c.cohort) DIV 7
WHERE c.week = 0 AND c.environment <> 'all' AND c.users >= s.min_users;

-- Totals of accounts are contract data, and shown however few the persons.
CREATE SQL SECURITY DEFINER VIEW bi_account_days AS
SELECT t.product, t.day, t.environment, t.account, t.sessions, t.users
FROM account_days AS t;

-- What is agreed: one row an account, whether its people were seen or not.
CREATE SQL SECURITY DEFINER VIEW bi_account_contracts AS
SELECT t.product, t.account, t.name, t.seats, t.modules, t.owner, t.renews_on
FROM account_contract AS t;

-- How many of an account use a feature is told in bands, which begin with `min_users`.
CREATE SQL SECURITY DEFINER VIEW bi_account_features AS
SELECT t.product, t.day, t.environment, t.account, t.feature,
    CASE
        WHEN t.users = 0 THEN '(unknown)'
        WHEN t.users < COALESCE(s.min_users, 5) THEN CONCAT('fewer than ', COALESCE(s.min_users, 5))
        WHEN t.users < 10 THEN CONCAT(GREATEST(COALESCE(s.min_users, 5), 1), ' to 9')
        WHEN t.users < 25 THEN CONCAT(GREATEST(COALESCE(s.min_users, 5), 10), ' to 24')
        WHEN t.users < 100 THEN CONCAT(GREATEST(COALESCE(s.min_users, 5), 25), ' to 99')
        ELSE CONCAT(GREATEST(COALESCE(s.min_users, 5), 100), ' or more')
    END AS users
FROM account_features AS t
LEFT JOIN product_settings AS s ON s.product = t.product;

CREATE SQL SECURITY DEFINER VIEW bi_calendar AS
SELECT t.day, t.year, t.quarter, t.month, t.day_of_month, t.day_of_week, t.iso_year, t.iso_week,
    t.week_starts_on, t.is_weekend
FROM calendar AS t;

CREATE SQL SECURITY DEFINER VIEW bi_freshness AS
SELECT s.product,
    CAST('1970-01-01' AS DATETIME) + INTERVAL (r.as_of DIV 1000000) SECOND AS analyzed_until,
    s.judged_on AS last_day,
    s.min_users
FROM product_settings AS s
LEFT JOIN analyze_run AS r ON r.product = s.product;

CREATE SQL SECURITY DEFINER VIEW bi_columns AS
SELECT t.view_name, t.position, t.column_name, t.type, t.unit, t.adds_up, t.meaning
FROM view_columns AS t;
