//! Chapters of the Harmonized System.

store::migration!(
    M20261122HsChapter,
    "hs_chapter",
    [store::column("section").integer().not_null()],
    [["section", "id"]]
);
