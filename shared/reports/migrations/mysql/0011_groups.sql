-- Rows that put versions or features together beforehand, and keys in the orders in which groups
-- are read. What is added is computed by the next analysis.

-- Of a feature on a day, whatever the version.
ALTER TABLE feature_days
    ADD COLUMN uses BIGINT NOT NULL DEFAULT 0 COMMENT 'How often it was used: the sum of the events'' counts.',
    ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0 COMMENT 'Sessions in which it was used at least once.',
    ADD COLUMN errors BIGINT NOT NULL DEFAULT 0 COMMENT 'Events of it that are errors.',
    ADD COLUMN timed_uses BIGINT NOT NULL DEFAULT 0 COMMENT 'Uses whose duration is known.',
    ADD COLUMN p50_us BIGINT NULL COMMENT 'Median duration of the timed uses, within 1 %.',
    ADD COLUMN p95_us BIGINT NULL COMMENT '95th percentile of their durations, within 1 %.',
    ADD COLUMN p99_us BIGINT NULL COMMENT '99th percentile of their durations, within 1 %.',
    ADD COLUMN durations LONGBLOB NOT NULL COMMENT 'The distribution of the durations, mergeable.',
    ADD COLUMN persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.';

-- Of a version on a day, whatever the feature.
CREATE TABLE version_days (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    version VARCHAR(190) NOT NULL COMMENT 'Version of the software; (unknown) where a session states none.',
    uses BIGINT NOT NULL COMMENT 'How often any feature was used: the sum of the events'' counts.',
    sessions BIGINT NOT NULL COMMENT 'Sessions with an event that is stored.',
    users BIGINT NOT NULL COMMENT 'Distinct persons of these sessions.',
    errors BIGINT NOT NULL COMMENT 'Events that are errors.',
    timed_uses BIGINT NOT NULL COMMENT 'Uses whose duration is known.',
    p50_us BIGINT NULL COMMENT 'Median duration of the timed uses, within 1 %.',
    p95_us BIGINT NULL COMMENT '95th percentile of their durations, within 1 %.',
    p99_us BIGINT NULL COMMENT '99th percentile of their durations, within 1 %.',
    durations LONGBLOB NOT NULL COMMENT 'The distribution of the durations, mergeable.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, version)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

ALTER TABLE account_days
    ADD COLUMN feature_names LONGTEXT NOT NULL COMMENT 'The features that its people used, in order, as a JSON array.';

-- In the order in which its groups are read: by account and feature.
DROP TABLE account_features;

CREATE TABLE account_features (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    account VARCHAR(190) NOT NULL COMMENT 'The account, or its pseudonym.',
    feature VARCHAR(240) NOT NULL COMMENT 'Name of the feature; (other) for names beyond the bound on names.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    sessions BIGINT NOT NULL COMMENT 'Sessions of its people in which it was used at least once.',
    users BIGINT NOT NULL COMMENT 'Distinct persons of the account who used it.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, environment, account, feature, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX account_features_day ON account_features (product, day);

-- Which features a version has, and of which steps the pages of paths consist.
CREATE INDEX feature_usage_versions ON feature_usage (product, environment, version, day);
CREATE INDEX feature_paths_steps
    ON feature_paths (product, environment, from_feature, to_feature, day, users);
