-- Accounts, day by day, and which features each uses.

CREATE TABLE account_days (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    account VARCHAR(190) NOT NULL COMMENT 'The account, or its pseudonym.',
    sessions BIGINT NOT NULL COMMENT 'Sessions of its people.',
    users BIGINT NOT NULL COMMENT 'Distinct persons of it.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, account)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE account_features (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    account VARCHAR(190) NOT NULL COMMENT 'The account, or its pseudonym.',
    feature VARCHAR(240) NOT NULL COMMENT 'Name of the feature; (other) for names beyond the bound on names.',
    sessions BIGINT NOT NULL COMMENT 'Sessions of its people in which it was used at least once.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, account, feature)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
