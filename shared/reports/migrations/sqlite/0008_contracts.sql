-- What is agreed with accounts, as the archive says.

CREATE TABLE account_contract (
    product VARCHAR(63) NOT NULL, -- The product.
    account VARCHAR(190) NOT NULL, -- The account, or its pseudonym.
    name VARCHAR(190) NULL, -- What the vendor calls the customer.
    seats BIGINT NULL, -- Persons that the licence covers.
    modules VARCHAR(12300) NOT NULL, -- Licensed modules, between semicolons.
    owner VARCHAR(190) NULL, -- Who looks after the account.
    renews_on CHAR(10) NULL, -- The day on which the licence ends unless it is renewed.
    PRIMARY KEY (product, account)
);

CREATE TABLE contract_version (
    product VARCHAR(63) NOT NULL, -- The product.
    version VARCHAR(190) NOT NULL, -- The state of the archive that account_contract shows.
    PRIMARY KEY (product)
);
