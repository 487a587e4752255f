//! MLflow's file store: a folder an experiment, in it a folder a run, in that a file for each parameter,
//! figure and note. What MLflow reads of them is in its `mlflow/store/tracking/file_store.py`.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use url::Url;

use super::Logged;
use crate::config::hex;
use crate::failure::{During, Failure, Result};
use crate::outputs::{interrupt, replace};

/// What every experiment and run says of itself.
const META: &str = "meta.yaml";

/// Writes a run, whole or not at all; says where it is.
pub fn log(root: &Path, logged: &Logged) -> Result<String> {
    fs::create_dir_all(root).during(root.display())?;
    let root = root.canonicalize().during(root.display())?;
    let (experiment, folder) = experiment(&root, logged)?;
    let id = drawn(&logged.name);
    let (beside, place) = (folder.join(format!(".{id}")), folder.join(&id));
    let _hold = interrupt::hold();
    let written = write(&beside, logged).and_then(|()| {
        let meta = run(&experiment, &id, &uri(&place.join("artifacts"))?, logged);
        fs::write(beside.join(META), meta).during(beside.display())?;
        fs::rename(&beside, &place).during(place.display())
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    written?;
    Ok(format!(
        "run {id} of {} in {}",
        logged.experiment,
        root.display()
    ))
}

fn write(folder: &Path, logged: &Logged) -> Result<()> {
    let put = |kind: &str, name: &str, content: &str| {
        let path = folder.join(kind).join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).during(parent.display())?;
        fs::write(&path, content).during(path.display())
    };
    for kind in ["params", "metrics", "tags", "artifacts"] {
        let folder = folder.join(kind);
        fs::create_dir_all(&folder).during(folder.display())?;
    }
    for (name, value) in &logged.params {
        put("params", name, value)?;
    }
    for (name, value) in &logged.metrics {
        put(
            "metrics",
            name,
            &format!("{} {value:?} 0\n", logged.times[1]),
        )?;
    }
    for (name, value) in &logged.tags {
        put("tags", name, value)?;
    }
    for (name, content) in &logged.artifacts {
        put("artifacts", name, content)?;
    }
    Ok(())
}

/// The id and the folder of the experiment, which is made where it is not there yet. Its id is drawn
/// from its name, so that two who make it at once make one.
fn experiment(root: &Path, logged: &Logged) -> Result<(String, PathBuf)> {
    let line = format!("name: {}", quoted(&logged.experiment));
    let plain = format!("name: {}", logged.experiment);
    for entry in fs::read_dir(root).during(root.display())? {
        let folder = entry.during(root.display())?.path();
        let meta = fs::read_to_string(folder.join(META)).unwrap_or_default();
        let name = folder.file_name().and_then(|name| name.to_str());
        if let (Some(id), true) = (name, meta.lines().any(|own| own == line || own == plain)) {
            return Ok((id.to_owned(), folder));
        }
    }
    let hash = Sha256::digest(logged.experiment.as_bytes());
    let number = hash
        .iter()
        .take(7)
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // As MLflow's own: eighteen digits, the first of them not 0.
    let id = (100_000_000_000_000_000 + number).to_string();
    let folder = root.join(&id);
    fs::create_dir_all(&folder).during(folder.display())?;
    let now = logged.times[1];
    let meta = format!(
        "artifact_location: {}\ncreation_time: {now}\nexperiment_id: '{id}'\nlast_update_time: {now}\n\
         lifecycle_stage: active\n{line}\n",
        quoted(&uri(&folder)?)
    );
    replace(&folder.join(META), &meta)?;
    Ok((id, folder))
}

/// What a run says of itself: finished (3), from this machine (4).
fn run(experiment: &str, id: &str, artifacts: &str, logged: &Logged) -> String {
    let [began, ended] = logged.times;
    format!(
        "artifact_uri: {}\nend_time: {ended}\nentry_point_name: ''\nexperiment_id: '{experiment}'\n\
         lifecycle_stage: active\nrun_id: {id}\nrun_name: {}\nrun_uuid: {id}\nsource_name: ''\n\
         source_type: 4\nsource_version: ''\nstart_time: {began}\nstatus: 3\ntags: []\nuser_id: {}\n",
        quoted(artifacts),
        quoted(&logged.name),
        quoted(&logged.user)
    )
}

/// A text as YAML has it on one line.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace(['\n', '\r'], " ").replace('\'', "''"))
}

fn uri(path: &Path) -> Result<String> {
    let url = Url::from_file_path(path);
    let url =
        url.map_err(|()| Failure::settings(format!("{} is no usable path", path.display())))?;
    Ok(url.to_string())
}

/// An id that no other run has: 32 digits of the time, the process and the name.
fn drawn(name: &str) -> String {
    let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
    let seed = format!("{now} {} {name}", std::process::id());
    hex(&Sha256::digest(seed.as_bytes()))[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(experiment: &str) -> Logged {
        let text = |text: &str| text.to_owned();
        Logged {
            experiment: text(experiment),
            name: text("churn (boosting)"),
            user: text("ada"),
            params: vec![(text("churn.horizon_days"), text("28"))],
            metrics: vec![(text("boosting/log_loss"), 0.3125)],
            tags: vec![(text("mlflow.note.content"), text("# Who\nis leaving"))],
            artifacts: vec![(text("card.md"), text("# Who"))],
            times: [1_000, 2_000],
        }
    }

    #[test]
    fn a_second_run_joins_the_experiment_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            log(folder.path(), &logged("Ada's shop")).unwrap();
        }
        log(folder.path(), &logged("another")).unwrap();
        let experiments: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(experiments.len(), 2);
        let (_, place) = experiment(folder.path(), &logged("Ada's shop")).unwrap();
        let meta = fs::read_to_string(place.join(META)).unwrap();
        assert!(meta.contains("\nname: 'Ada''s shop'\n"), "{meta}");
        let runs: Vec<_> = (fs::read_dir(&place).unwrap().flatten())
            .filter(|entry| entry.path().is_dir())
            .collect();
        assert_eq!(runs.len(), 2);
        let run = runs[0].path();
        let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
        assert_eq!(read("metrics/boosting/log_loss"), "2000 0.3125 0\n");
        assert_eq!(read("params/churn.horizon_days"), "28");
        assert_eq!(read("artifacts/card.md"), "# Who");
        assert!(read(META).contains("status: 3\n"));
    }
}
