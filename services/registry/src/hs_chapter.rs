//! Chapters of the Harmonized System.

use api::registry::v1::hs_chapter_service_server::HsChapterService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reply, Store, View};
use tonic::Request;

store::entity!(row, "hs_chapter", { section: i32 });

/// The numbers of the sections, as they are written.
const NUMERALS: [&str; 21] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
    "XVIII", "XIX", "XX", "XXI",
];

/// The chapters.
pub struct HsChapters {
    store: Store,
}

impl HsChapters {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for HsChapters {
    type Message = HsChapter;
    type List = ListHsChaptersRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(chapter: &HsChapter, row: &mut row::ActiveModel) {
        row.section = Set(chapter.section);
    }

    fn filter(list: &ListHsChaptersRequest, _: &View) -> Condition {
        let section = (list.section != 0).then(|| row::Column::Section.eq(list.section));
        Condition::all().add_option(section)
    }

    fn search_words(chapter: &HsChapter) -> Vec<&str> {
        vec![api::Resource::id(chapter), &chapter.display_name, &chapter.english_name]
    }

    fn view(chapter: &mut HsChapter, _: &View) {
        let at = usize::try_from(chapter.section - 1).ok();
        chapter.section_numeral =
            at.and_then(|at| NUMERALS.get(at)).map(|numeral| (*numeral).to_owned()).unwrap_or_default();
    }
}

#[tonic::async_trait]
impl HsChapterService for HsChapters {
    async fn get_hs_chapter(&self, request: Request<GetHsChapterRequest>) -> Reply<HsChapter> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_hs_chapters(&self, request: Request<ListHsChaptersRequest>) -> Reply<ListHsChaptersResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn update_hs_chapter(&self, request: Request<UpdateHsChapterRequest>) -> Reply<HsChapter> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_hs_chapter(&self, request: Request<RetireHsChapterRequest>) -> Reply<HsChapter> {
        store::retire::<Self>(&self.store, request).await
    }
}
