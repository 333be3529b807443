-- What is agreed with accounts, as the archive says.

CREATE TABLE account_contract (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    account VARCHAR(190) NOT NULL COMMENT 'The account, or its pseudonym.',
    name VARCHAR(190) NULL COMMENT 'What the vendor calls the customer.',
    seats BIGINT NULL COMMENT 'Persons that the licence covers.',
    modules VARCHAR(12300) NOT NULL COMMENT 'Licensed modules, between semicolons.',
    owner VARCHAR(190) NULL COMMENT 'Who looks after the account.',
    renews_on DATE NULL COMMENT 'The day on which the licence ends unless it is renewed.',
    PRIMARY KEY (product, account)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE contract_version (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    version VARCHAR(190) NOT NULL COMMENT 'The state of the archive that account_contract shows.',
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
