//! A folder as a store of objects that are listed in the order of their names.
//!
//! Delta Lake is told of tables by URLs. Those of files lead to paths, and not every path survives
//! that; those of other stores are taken as they are, but their lists are taken to be in order,
//! which those of a file system are not.

use std::fmt;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// The files below a folder.
#[derive(Debug)]
pub struct OrderedStore(pub LocalFileSystem);

impl fmt::Display for OrderedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for OrderedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let found = self.0.list(prefix);
        stream::once(async move {
            let mut found: Vec<ObjectMeta> = found.try_collect().await?;
            found.sort_by(|a, b| a.location.cmp(&b.location));
            Ok::<_, object_store::Error>(stream::iter(found).map(Ok))
        })
        .try_flatten()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.0.list_with_delimiter(prefix).await?;
        found.objects.sort_by(|a, b| a.location.cmp(&b.location));
        found.common_prefixes.sort();
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_folder_is_listed_in_the_order_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..300)
            .map(|n| format!("{:03}.json", n * 7 % 300))
            .collect();
        for name in &names {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let store = OrderedStore(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let listed = |found: BoxStream<'static, Result<ObjectMeta>>| -> Vec<String> {
            let found: Vec<ObjectMeta> = futures::executor::block_on(found.try_collect()).unwrap();
            found.iter().map(|meta| meta.location.to_string()).collect()
        };
        let mut sorted = names;
        sorted.sort();
        assert_eq!(listed(store.list(None)), sorted);
        let later = listed(store.list_with_offset(None, &Path::from("100.json")));
        assert_eq!(later, sorted[101..]);
    }
}
