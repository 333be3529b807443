-- Who uses a feature for the first time, and again. Days of which nothing is there have no first
-- uses.

CREATE TABLE feature_adoption (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    new_users BIGINT NOT NULL, -- Persons whose first use of it is on the day.
    repeat_7 BIGINT NOT NULL, -- Those of them who used it again within 7 days.
    repeat_28 BIGINT NOT NULL, -- Those of them who used it again within 28 days.
    PRIMARY KEY (product, day, environment, feature)
) WITHOUT ROWID;

-- The first two days on which a person used a feature.
CREATE TABLE feature_first (
    product VARCHAR(63) NOT NULL, -- The product.
    environment VARCHAR(16) NOT NULL, -- production or other.
    feature VARCHAR(240) NOT NULL, -- Name of the feature; (other) for names beyond the bound on names.
    person BIGINT NOT NULL, -- The person.
    first_day CHAR(10) NOT NULL, -- The first UTC day on which the person used it.
    second_day CHAR(10) NULL, -- The second, if there is one.
    PRIMARY KEY (product, environment, feature, person)
) WITHOUT ROWID;

-- Where the days after one are looked through for a person's next use.
CREATE INDEX feature_usage_days ON feature_usage (product, feature, day);

-- Of which shape a product's tables are: those of another are computed anew.
CREATE TABLE analyze_shape (
    product VARCHAR(63) NOT NULL, -- The product.
    shape BIGINT NOT NULL, -- The shape of its tables.
    PRIMARY KEY (product)
) WITHOUT ROWID;
