-- How long the stages worked: what they cost. Each process keeps its own sums.
CREATE TABLE stage_work (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    stage VARCHAR(16) NOT NULL,             -- upload | intake | parse | analyze
    memory_mb INT NOT NULL,                 -- what the process may use
    worker BIGINT NOT NULL,                 -- the process that noted it
    calls BIGINT NOT NULL,
    work_us BIGINT NOT NULL,
    PRIMARY KEY (product, day, stage, memory_mb, worker)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
