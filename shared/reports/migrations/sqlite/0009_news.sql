-- What people are told of: what was known before, and what is new.

CREATE TABLE news_known (
    product VARCHAR(63) NOT NULL, -- The product.
    kind VARCHAR(16) NOT NULL, -- account, release, error, or day for the last day that was judged.
    subject VARCHAR(500) NOT NULL, -- The account, the measure of a release, or the error.
    value TEXT NOT NULL, -- What was known of it last.
    PRIMARY KEY (product, kind, subject)
);

CREATE TABLE news (
    product VARCHAR(63) NOT NULL, -- The product.
    n BIGINT NOT NULL, -- The how manieth of the product, from 1.
    day CHAR(10) NOT NULL, -- The UTC day up to which it was judged.
    kind VARCHAR(16) NOT NULL, -- account, release or error.
    subject VARCHAR(500) NOT NULL, -- The account, the measure of a release, or the error.
    line TEXT NOT NULL, -- What is new, for people.
    told BIGINT NOT NULL, -- 1 once it was handed on.
    PRIMARY KEY (product, n)
);
