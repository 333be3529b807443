-- Which days are out of date is asked often, of a table that grows with every day.
CREATE INDEX dirty_open ON dirty (product, day) WHERE generation > cleared;
