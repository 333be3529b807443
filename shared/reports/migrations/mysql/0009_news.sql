-- What people are told of: what was known before, and what is new.

CREATE TABLE news_known (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    kind VARCHAR(16) NOT NULL COMMENT 'account, release, error, or day for the last day that was judged.',
    subject VARCHAR(500) NOT NULL COMMENT 'The account, the measure of a release, or the error.',
    value TEXT NOT NULL COMMENT 'What was known of it last.',
    PRIMARY KEY (product, kind, subject)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE news (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    n BIGINT NOT NULL COMMENT 'The how manieth of the product, from 1.',
    day DATE NOT NULL COMMENT 'The UTC day up to which it was judged.',
    kind VARCHAR(16) NOT NULL COMMENT 'account, release or error.',
    subject VARCHAR(500) NOT NULL COMMENT 'The account, the measure of a release, or the error.',
    line TEXT NOT NULL COMMENT 'What is new, for people.',
    told BIGINT NOT NULL COMMENT '1 once it was handed on.',
    PRIMARY KEY (product, n)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
