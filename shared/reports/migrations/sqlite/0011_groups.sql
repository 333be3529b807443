-- Rows that put versions or features together beforehand, and keys in the orders in which groups
-- are read. What is added is computed by the next analysis.

-- Of a feature on a day, whatever the version.
ALTER TABLE feature_days
    ADD COLUMN uses BIGINT NOT NULL DEFAULT 0; -- How often it was used: the sum of the events' counts.
ALTER TABLE feature_days
    ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0; -- Sessions in which it was used at least once.
ALTER TABLE feature_days
    ADD COLUMN errors BIGINT NOT NULL DEFAULT 0; -- Events of it that are errors.
ALTER TABLE feature_days
    ADD COLUMN timed_uses BIGINT NOT NULL DEFAULT 0; -- Uses whose duration is known.
ALTER TABLE feature_days
    ADD COLUMN p50_us BIGINT NULL; -- Median duration of the timed uses, within 1 %.
ALTER TABLE feature_days
    ADD COLUMN p95_us BIGINT NULL; -- 95th percentile of their durations, within 1 %.
ALTER TABLE feature_days
    ADD COLUMN p99_us BIGINT NULL; -- 99th percentile of their durations, within 1 %.
ALTER TABLE feature_days
    ADD COLUMN durations BLOB NOT NULL DEFAULT x''; -- The distribution of the durations, mergeable.
ALTER TABLE feature_days
    ADD COLUMN persons BLOB NOT NULL DEFAULT x''; -- Who they are, as a set.

-- Of a version on a day, whatever the feature.
CREATE TABLE version_days (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    version VARCHAR(190) NOT NULL, -- Version of the software; (unknown) where a session states none.
    uses BIGINT NOT NULL, -- How often any feature was used: the sum of the events' counts.
    sessions BIGINT NOT NULL, -- Sessions with an event that is stored.
    users BIGINT NOT NULL, -- Distinct persons of these sessions.
    errors BIGINT NOT NULL, -- Events that are errors.
    timed_uses BIGINT NOT NULL, -- Uses whose duration is known.
    p50_us BIGINT NULL, -- Median duration of the timed uses, within 1 %.
    p95_us BIGINT NULL, -- 95th percentile of their durations, within 1 %.
    p99_us BIGINT NULL, -- 99th percentile of their durations, within 1 %.
    durations BLOB NOT NULL, -- The distribution of the durations, mergeable.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, version)
);

ALTER TABLE account_days
    ADD COLUMN feature_names TEXT NOT NULL DEFAULT '[]'; -- The features that its people used, in order, as a JSON array.

-- In the order in which its groups are read: by account and feature.
DROP TABLE account_features;

CREATE TABLE account_features (
    product VARCHAR(63) NOT NULL, -- The product.
    environment VARCHAR(16) NOT NULL, -- production or other.
    account VARCHAR(190) NOT NULL, -- The account, or its pseudonym.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    sessions BIGINT NOT NULL, -- Sessions of its people in which it was used at least once.
    users BIGINT NOT NULL, -- Distinct persons of the account who used it.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, environment, account, feature, day)
) WITHOUT ROWID;

CREATE INDEX account_features_day ON account_features (product, day);

-- Which features a version has, and of which steps the pages of paths consist.
CREATE INDEX feature_usage_versions ON feature_usage (product, environment, version, day);
CREATE INDEX feature_paths_steps
    ON feature_paths (product, environment, from_feature, to_feature, day, users);
