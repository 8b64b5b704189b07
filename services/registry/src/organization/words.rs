//! The words of organizations' names that are said in more ways than one: legal forms, and words of business, places and
//! countries in Vietnamese, in English and in abbreviation. All folded: lower case, without diacritics.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a body is in law, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Công ty TNHH.
    Limited,
    /// Công ty cổ phần.
    JointStock,
    /// Tổng công ty.
    Corporation,
    /// Tập đoàn.
    Group,
    /// Ngân hàng.
    Bank,
    /// Doanh nghiệp tư nhân.
    Private,
    /// Hợp tác xã.
    Cooperative,
    /// Công ty hợp danh.
    Partnership,
    /// Chi nhánh.
    Branch,
    /// Văn phòng đại diện.
    Office,
}

/// How much a word tells which body is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The body's own.
    Own,
    /// A number.
    Number,
    /// A place.
    Place,
    /// A word of business, borne by many.
    Common,
    /// A country.
    Country,
}

/// What a run of words stands for.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// A legal form.
    Form(Form),
    /// The same, only at the end of a name: in the middle it is a word like others.
    FormAtEnd(Form),
    /// These words, as we say them.
    Words(&'static str, Weight),
    /// Nothing.
    Nothing,
    /// Nothing, at the end of a name.
    NothingAtEnd,
}

/// Runs of words that mean a legal form, parted by `|`.
const FORMS: &[(Form, &str)] = &[
    (
        Form::Limited,
        "cong ty trach nhiem huu han mot thanh vien|cong ty trach nhiem huu han|trach nhiem huu han mot thanh vien|\
         trach nhiem huu han|cong ty tnhh mot thanh vien|cong ty tnhh 1 thanh vien|cong ty tnhh mtv|cong ty tnhh 1tv|\
         cong ty tnhh hai thanh vien tro len|cong ty tnhh 2 thanh vien tro len|cong ty tnhh|cty tnhh mot thanh vien|\
         cty tnhh 1 thanh vien|cty tnhh mtv|cty tnhh|tnhh mot thanh vien|tnhh 1 thanh vien|tnhh mtv|tnhh 1tv|tnhh|mtv|\
         mot thanh vien|single member limited liability company|one member limited liability company|\
         one member company limited|one member limited company|one member co ltd|single member co ltd|one member llc|\
         single member llc|one member|single member|limited liability company|limited liability co|company limited|\
         limited company|co limited|co ltd|coltd|pte ltd|private limited|pvt ltd|pty ltd|ltd|limited|llc|llp|gmbh|sarl|\
         srl|sdn bhd|ooo",
    ),
    (
        Form::JointStock,
        "cong ty co phan|cty co phan|cong ty cp|cty cp|ctcp|co phan|joint stock company|joint stock co|jointstock company|\
         joint stock|jsc|shareholding company|public limited company|plc|incorporated|kabushiki kaisha",
    ),
    (Form::Corporation, "tong cong ty|tong cty|tct|corporation|general corporation|corp"),
    (Form::Group, "tap doan|group|holdings|holding"),
    (
        Form::Bank,
        "ngan hang thuong mai co phan|ngan hang tm co phan|ngan hang tmcp|nh tmcp|nhtmcp|ngan hang thuong mai|ngan hang|\
         joint stock commercial bank|commercial joint stock bank|commercial bank|jscb|bank",
    ),
    (Form::Private, "doanh nghiep tu nhan|dntn|private enterprise|sole proprietorship"),
    (Form::Cooperative, "hop tac xa|htx|cooperative"),
    (Form::Partnership, "cong ty hop danh|hop danh|partnership company"),
    (Form::Branch, "chi nhanh|branch of|branch"),
    (Form::Office, "van phong dai dien|vpdd|representative office|rep office"),
];

/// The same, of words that mean something else in the middle of a name ("Sa" of Sa Pa).
const FORMS_AT_END: &[(Form, &str)] =
    &[(Form::JointStock, "sa|ag|nv|spa|kk|ao|pao|inc|tbk|cp|ab|oyj"), (Form::Limited, "bv|oy|kft|sl|spol")];

/// Runs of words that mean the same, the one that we say first; several words of ours are parted by a space.
const WORDS: &[(Weight, &str)] = &[
    (Weight::Country, "vietnam|viet nam|vn|vietnamese"),
    (Weight::Country, "japan|nhat ban"),
    (Weight::Country, "korea|han quoc"),
    (Weight::Country, "china|trung quoc"),
    (Weight::Country, "thailand|thai lan"),
    (Weight::Country, "germany|duc quoc"),
    (Weight::Place, "hanoi|ha noi|hn"),
    (Weight::Place, "hochiminh|ho chi minh city|ho chi minh|hcm|hcmc|tphcm|tp hcm"),
    (Weight::Place, "saigon|sai gon"),
    (Weight::Place, "danang|da nang"),
    (Weight::Place, "haiphong|hai phong"),
    (Weight::Place, "cantho|can tho"),
    (Weight::Common, "importexport|xuat nhap khau|xnk|import export|imexco|imex"),
    (Weight::Common, "export|xuat khau"),
    (Weight::Common, "import|nhap khau"),
    (Weight::Common, "trading service|thuong mai dich vu|tmdv|tm dv"),
    (Weight::Common, "manufacturing trading|san xuat thuong mai|sxtm|sx tm"),
    (Weight::Common, "trading|thuong mai|tm|trade|commerce|commercial"),
    (Weight::Common, "service|dich vu|dv|services"),
    (Weight::Common, "investment|dau tu|investments|invest"),
    (Weight::Common, "development|phat trien"),
    (Weight::Common, "construction|xay dung|xd"),
    (Weight::Common, "manufacturing|san xuat|sx|production|manufacture"),
    (Weight::Common, "technology|cong nghe|technologies|tech"),
    (Weight::Common, "industry|cong nghiep|industries|industrial"),
    (Weight::Common, "international|quoc te|intl"),
    (Weight::Common, "global|toan cau"),
    (Weight::Common, "agriculture|nong nghiep|agricultural"),
    (Weight::Common, "agriproduct|nong san|agricultural products|agri products"),
    (Weight::Common, "food|thuc pham|foods|foodstuff"),
    (Weight::Common, "seafood|thuy san|thuy hai san|hai san|aquatic products|fisheries"),
    (Weight::Common, "textile garment|det may|textile garments"),
    (Weight::Common, "garment|may mac|garments"),
    (Weight::Common, "power|dien luc|electricity"),
    (Weight::Common, "electronics|dien tu|electronic"),
    (Weight::Common, "mechanical|co khi|mechanics"),
    (Weight::Common, "transport|van tai|transportation"),
    (Weight::Common, "tourism|du lich|travel"),
    (Weight::Common, "realestate|bat dong san|bds|real estate|dia oc"),
    (Weight::Common, "pharma|duoc pham|pharmaceutical|pharmaceuticals"),
    (Weight::Common, "medical|y te"),
    (Weight::Common, "hospital|benh vien"),
    (Weight::Common, "university|dai hoc|truong dai hoc"),
    (Weight::Common, "consulting|tu van|consultancy|consultant|consultants"),
    (Weight::Common, "design|thiet ke"),
    (Weight::Common, "advertising|quang cao"),
    (Weight::Common, "media|truyen thong|communication|communications"),
    (Weight::Common, "telecom|vien thong|telecommunication|telecommunications"),
    (Weight::Common, "insurance|bao hiem"),
    (Weight::Common, "securities|chung khoan"),
    (Weight::Common, "finance|tai chinh|financial"),
    (Weight::Common, "association|hiep hoi"),
    (Weight::Common, "chamber|phong thuong mai|chamber commerce"),
    (Weight::Common, "enterprise|doanh nghiep|enterprises|xi nghiep"),
    (Weight::Common, "logistics|giao nhan|forwarding"),
    (Weight::Common, "steel|thep"),
    (Weight::Common, "oil gas|dau khi"),
    (Weight::Common, "petroleum|xang dau"),
    (Weight::Common, "coffee|ca phe"),
    (Weight::Common, "supermarket|sieu thi"),
    (Weight::Common, "distribution|phan phoi|distributor|distributors"),
];

/// Words without meaning of their own.
const NOTHING: &str = "cong ty|cty|company|va|and|the|of|cua|et|und";
/// The same at the end of a name. "Cơ", "cổ" and "có" are words of their own elsewhere.
const NOTHING_AT_END: &str = "co";

/// Words that stand together, and what they mean.
type Run = (Vec<&'static str>, Meaning);

/// What runs of words mean, by their first word, the longest first.
static MEANINGS: LazyLock<HashMap<&'static str, Vec<Run>>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Vec<Run>> = HashMap::new();
    let mut add = |runs: &'static str, meaning: Meaning| {
        for run in runs.split('|') {
            let words: Vec<&str> = run.split(' ').collect();
            all.entry(words[0]).or_default().push((words, meaning));
        }
    };
    FORMS.iter().for_each(|(form, runs)| add(runs, Meaning::Form(*form)));
    FORMS_AT_END.iter().for_each(|(form, runs)| add(runs, Meaning::FormAtEnd(*form)));
    for (weight, runs) in WORDS {
        let ours = runs.split('|').next().unwrap_or_default();
        add(runs, Meaning::Words(ours, *weight));
    }
    add(NOTHING, Meaning::Nothing);
    add(NOTHING_AT_END, Meaning::NothingAtEnd);
    all.values_mut().for_each(|runs| runs.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
    all
});

/// What the words begin with, and how many of them that is; `None` for a word that means itself.
pub fn meaning(words: &[String]) -> Option<(usize, Meaning)> {
    let first = words.first()?;
    let runs = MEANINGS.get(first.as_str())?;
    let fits = |(run, meaning): &&(Vec<&str>, Meaning)| {
        let here = run.len() <= words.len() && run.iter().zip(words).all(|(run, word)| run == word);
        let at_end = matches!(meaning, Meaning::FormAtEnd(_) | Meaning::NothingAtEnd);
        here && (!at_end || run.len() == words.len())
    };
    runs.iter().find(fits).map(|(run, meaning)| (run.len(), *meaning))
}
