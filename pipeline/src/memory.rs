//! The memory of queries: shared fairly, except that rows on their way between threads never wait.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// DataFusion's fair pool, from which repartitioning takes what it needs without asking.
///
/// When repartitioning may not have memory it writes batches to disk, and in DataFusion 55.2 a
/// query of two threads can then wait for ever: the reader waits for the older of two files while
/// what it needs is in the newer one (apache/datafusion#24883). What repartitioning holds is
/// bounded without the pool, because it stops taking in more as soon as every reader has
/// something to read. Take this away when the library no longer hangs.
#[derive(Debug)]
pub struct QueryMemory {
    shared: FairSpillPool,
    on_the_way: AtomicUsize,
}

impl QueryMemory {
    /// A pool of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self {
            shared: FairSpillPool::new(bytes),
            on_the_way: AtomicUsize::new(0),
        }
    }
}

fn is_on_the_way(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with("RepartitionExec")
}

impl fmt::Display for QueryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for QueryMemory {
    fn name(&self) -> &str {
        "query memory"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if !is_on_the_way(consumer) {
            self.shared.register(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if !is_on_the_way(consumer) {
            self.shared.unregister(consumer);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_on_the_way(reservation.consumer()) {
            self.on_the_way.fetch_add(additional, Ordering::Relaxed);
        } else {
            self.shared.grow(reservation, additional);
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_on_the_way(reservation.consumer()) {
            self.on_the_way.fetch_sub(shrink, Ordering::Relaxed);
        } else {
            self.shared.shrink(reservation, shrink);
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if is_on_the_way(reservation.consumer()) {
            self.grow(reservation, additional);
            Ok(())
        } else {
            self.shared.try_grow(reservation, additional)
        }
    }

    fn reserved(&self) -> usize {
        self.shared.reserved() + self.on_the_way.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.shared.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// With DataFusion's own pool one of these queries never ends.
    #[test]
    fn a_query_that_needs_more_memory_than_it_gets_ends() {
        let numbers: Int64Array = (1..=40_000).map(|v| v % 13).collect();
        let texts: StringArray = (1..=40_000)
            .map(|v| Some(format!("{:032x}", (v % 337) * 0x9e37_79b9_7f4a_7c15_u128)))
            .collect();
        let table = RecordBatch::try_from_iter([
            ("g", Arc::new(numbers) as _),
            ("name", Arc::new(texts) as _),
        ])
        .unwrap();
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(QueryMemory::new(2 << 20)))
            .build_arc()
            .unwrap();
        let config = SessionConfig::new()
            .with_target_partitions(2)
            .with_batch_size(64);
        let session = SessionContext::new_with_config_rt(config, environment);
        session.register_batch("t", table).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        for _ in 0..12 {
            let query = async {
                let frame = session
                    .sql("SELECT g, count(DISTINCT name) AS n FROM t GROUP BY g")
                    .await?;
                frame.collect().await
            };
            let waited = runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(60), query).await });
            let rows: usize = waited
                .expect("the query hangs")
                .expect("the query works")
                .iter()
                .map(RecordBatch::num_rows)
                .sum();
            assert_eq!(rows, 13);
        }
    }
}
