-- Accounts, day by day, and which features each uses.

CREATE TABLE account_days (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    account VARCHAR(190) NOT NULL, -- The account, or its pseudonym.
    sessions BIGINT NOT NULL, -- Sessions of its people.
    users BIGINT NOT NULL, -- Distinct persons of it.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, account)
);

CREATE TABLE account_features (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    account VARCHAR(190) NOT NULL, -- The account, or its pseudonym.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    sessions BIGINT NOT NULL, -- Sessions of its people in which it was used at least once.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, account, feature)
);
