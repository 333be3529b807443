-- How many of those who began in a week were seen in later weeks. What is not there is 0.

CREATE TABLE retention (
    product VARCHAR(63) NOT NULL, -- The product.
    environment VARCHAR(16) NOT NULL, -- production, other, or all of both.
    cohort CHAR(10) NOT NULL, -- The Monday of the week of the first day.
    week BIGINT NOT NULL, -- How many weeks after the cohort's own.
    users BIGINT NOT NULL, -- Persons of the cohort who were seen in the week.
    PRIMARY KEY (product, environment, cohort, week)
) WITHOUT ROWID;
