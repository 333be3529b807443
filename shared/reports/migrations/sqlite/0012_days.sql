-- By day, as the other tables whose rows are put together: who asks for days reads no others, and a
-- day that is computed anew lies together.
CREATE TABLE account_features_before AS SELECT * FROM account_features;
DROP TABLE account_features;

CREATE TABLE account_features (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    account VARCHAR(190) NOT NULL, -- The account, or its pseudonym.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    sessions BIGINT NOT NULL, -- Sessions of its people in which it was used at least once.
    users BIGINT NOT NULL, -- Distinct persons of the account who used it.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, account, feature)
) WITHOUT ROWID;

INSERT INTO account_features (product, day, environment, account, feature, sessions, users, persons)
    SELECT product, day, environment, account, feature, sessions, users, persons FROM account_features_before;
DROP TABLE account_features_before;

-- In orders in which nothing is read any more.
DROP INDEX feature_usage_versions;
DROP INDEX feature_paths_steps;
