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
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::datasource::MemTable;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    #[test]
    fn rows_on_their_way_never_wait_and_everything_else_keeps_to_the_limit() {
        let pool: Arc<dyn MemoryPool> = Arc::new(QueryMemory::new(1000));
        let on_the_way = MemoryConsumer::new("RepartitionExec[1]")
            .with_can_spill(true)
            .register(&pool);
        on_the_way.try_grow(5000).unwrap();
        let join = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        assert!(join.try_grow(1001).is_err());
        join.try_grow(1000).unwrap();
        assert_eq!(pool.reserved(), 6000);
        drop(on_the_way);
        assert_eq!(pool.reserved(), 1000);
        drop(join);
        assert_eq!(pool.reserved(), 0);
    }

    /// Hears who asks for memory.
    #[derive(Debug)]
    struct Listening {
        pool: QueryMemory,
        heard: Mutex<BTreeSet<String>>,
    }

    impl fmt::Display for Listening {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.name())
        }
    }

    impl MemoryPool for Listening {
        fn name(&self) -> &str {
            "listening"
        }

        fn register(&self, consumer: &MemoryConsumer) {
            self.heard
                .lock()
                .unwrap()
                .insert(consumer.name().to_owned());
            self.pool.register(consumer);
        }

        fn unregister(&self, consumer: &MemoryConsumer) {
            self.pool.unregister(consumer);
        }

        fn grow(&self, reservation: &MemoryReservation, additional: usize) {
            self.pool.grow(reservation, additional);
        }

        fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
            self.pool.shrink(reservation, shrink);
        }

        fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
            self.pool.try_grow(reservation, additional)
        }

        fn reserved(&self) -> usize {
            self.pool.reserved()
        }
    }

    /// If the library calls it otherwise, queries could hang again.
    #[test]
    fn repartitioning_still_asks_by_the_name_that_is_looked_for() {
        let part = |from: i64| {
            let column = Arc::new((from..from + 50_000).collect::<Int64Array>()) as _;
            vec![RecordBatch::try_from_iter([("v", column)]).unwrap()]
        };
        let parts = vec![part(0), part(25_000)];
        let pool = Arc::new(Listening {
            pool: QueryMemory::new(64 << 20),
            heard: Mutex::default(),
        });
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&pool) as Arc<dyn MemoryPool>)
            .build_arc()
            .unwrap();
        let config = SessionConfig::new().with_target_partitions(2);
        let session = SessionContext::new_with_config_rt(config, environment);
        let table = MemTable::try_new(parts[0][0].schema(), parts).unwrap();
        session.register_table("t", Arc::new(table)).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let groups = runtime.block_on(async {
            let frame = session.sql("SELECT v, count(*) FROM t GROUP BY v").await?;
            frame.collect().await
        });
        let rows: usize = groups.unwrap().iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 75_000);
        let heard = pool.heard.lock().unwrap();
        assert!(
            heard
                .iter()
                .any(|name| is_on_the_way(&MemoryConsumer::new(name.as_str()))),
            "{heard:?}"
        );
        assert_eq!(pool.reserved(), 0);
    }
}
