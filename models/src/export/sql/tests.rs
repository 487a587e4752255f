use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::array;

use super::*;
use crate::tree::DecisionTree;

fn small(dialect: Dialect) -> String {
    let x = array![[3.0_f32], [4.0], [40.0], [50.0]];
    let labels = array![false, false, true, true];
    let params = DecisionTree::params().min_rows_per_leaf(1).prior_rows(0.0);
    let tree = params.fit(&Dataset::new(x, labels)).unwrap();
    let saved = SavedModel::new(tree, vec![Feature::numeric("days \"since\"")]).unwrap();
    let table = Table {
        name: "rows",
        id: "who",
        probability: "p",
    };
    to_sql(&saved, dialect, &table).unwrap()
}

/// As many rows go left as go right, and with nothing missing in training what is missing goes left.
#[test]
fn a_small_tree_can_be_read() {
    let want = r#"WITH ready AS MATERIALIZED (
  SELECT
    "who",
    NULLIF(CAST("days ""since""" AS DOUBLE), CAST('NaN' AS DOUBLE)) AS "days ""since"""
  FROM "rows"
), scored AS MATERIALIZED (
  SELECT
    "who",
    CASE WHEN "days ""since""" <= 2.2000000953674316e1 OR "days ""since""" IS NULL THEN
      0e0
    ELSE
      1e0
    END AS score
  FROM ready
)
SELECT "who", score AS "p"
FROM scored
"#;
    assert_eq!(small(Dialect::DuckDb), want);
}

#[test]
fn numbers_are_doubles_in_every_dialect_and_none_begins_a_comment() {
    assert_eq!(Dialect::PostgreSql.number(-0.1), "(-1e-1::float8)");
    assert_eq!(Dialect::Ansi.number(14.5), "1.45e1");
    assert_eq!(Dialect::DataFusion.number(-3.0), "(-3e0)");
    for dialect in [
        Dialect::DataFusion,
        Dialect::PostgreSql,
        Dialect::DuckDb,
        Dialect::Ansi,
    ] {
        let sql = small(dialect);
        assert!(!sql.contains("--"), "{sql}");
        for value in [1e300, 5e-324, 0.1 + 0.2, -1.0 / 3.0] {
            let text = dialect.number(value);
            let digits = text.trim_matches(['(', ')']).trim_end_matches("::float8");
            assert_eq!(digits.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }
}
