//! One line about a change, in Vietnamese and in English, for people who read an inbox.
//!
//! A word that is not in these tables is not a fault: the line then says it in the words of the contract.

use prost_reflect::DynamicMessage;

/// A kind of resource by its singular in the contract, in Vietnamese and English.
const NOUNS: [(&str, &str, &str); 12] = [
    ("agency", "Cơ quan", "Agency"),
    ("commitment", "Cam kết", "Commitment"),
    ("country", "Quốc gia", "Country"),
    ("engagement", "Hoạt động đối ngoại", "Engagement"),
    ("fdiFlow", "Số liệu FDI", "FDI figure"),
    ("lead", "Đầu mối đầu tư", "Lead"),
    ("locality", "Địa phương", "Locality"),
    ("mission", "Cơ quan đại diện", "Mission"),
    ("opportunity", "Cơ hội đầu tư", "Opportunity"),
    ("organization", "Tổ chức", "Organization"),
    ("region", "Vùng", "Region"),
    ("tradeAgreement", "Hiệp định thương mại", "Trade agreement"),
];

/// What can happen to a resource, in Vietnamese; the English is the contract's own word.
const EVENTS: [(&str, &str); 12] = [
    ("cancelled", "đã hủy"),
    ("created", "mới ghi nhận"),
    ("extensionDecided", "đã có quyết định gia hạn"),
    ("extensionRequested", "có đề nghị gia hạn"),
    ("fulfilled", "đã hoàn thành"),
    ("imported", "đã nhập số liệu"),
    ("overdue", "đã quá hạn"),
    ("progressReported", "có báo cáo tiến độ"),
    ("retired", "đã ngừng sử dụng"),
    ("stageChanged", "đã chuyển giai đoạn"),
    ("test", "thử nghiệm"),
    ("updated", "đã cập nhật"),
];

/// Fields by which resources are called, the foremost first.
const TITLES: [&str; 3] = ["title", "display_name", "description"];

/// The longest title in a line, in characters.
const TITLE_MAX: usize = 160;

/// One line in two languages.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    pub vietnamese: String,
    pub english: String,
}

/// What happened, to what: "Cam kết “…”: đã hoàn thành".
pub fn summary(change_type: &str, resource: &str, after: Option<&DynamicMessage>) -> Summary {
    let (noun, event) = change_type.split_once('.').unwrap_or((change_type, ""));
    let title = shorten(&after.and_then(title).unwrap_or_else(|| resource.to_owned()));
    let in_english = words(event);
    let (noun_vi, noun_en) = NOUNS
        .iter()
        .find(|(singular, ..)| *singular == noun)
        .map_or_else(|| (capital(&words(noun)), capital(&words(noun))), |(_, vi, en)| ((*vi).into(), (*en).into()));
    let event_vi =
        EVENTS.iter().find(|(word, _)| *word == event).map_or_else(|| in_english.clone(), |(_, vi)| (*vi).to_owned());
    Summary {
        vietnamese: format!("{noun_vi} “{title}”: {event_vi}"),
        english: format!("{noun_en} “{title}”: {in_english}"),
    }
}

fn title(resource: &DynamicMessage) -> Option<String> {
    let text = |field: &&str| resource.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned));
    TITLES.iter().filter_map(text).find(|text| !text.is_empty())
}

fn shorten(title: &str) -> String {
    match title.char_indices().nth(TITLE_MAX) {
        Some((end, _)) => format!("{}…", title[..end].trim_end()),
        None => title.to_owned(),
    }
}

/// "extensionRequested" as "extension requested".
fn words(camel: &str) -> String {
    let mut words = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::events::v1::Commitment;
    use prost::{Message, Name};

    fn commitment(title: &str) -> DynamicMessage {
        let descriptor = api::pool().get_message_by_name(&Commitment::full_name()).expect("in the pool");
        let message = Commitment { title: title.into(), ..Default::default() };
        DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).expect("its own bytes")
    }

    fn lines(change_type: &str, after: Option<&DynamicMessage>) -> (String, String) {
        let Summary { vietnamese, english } = summary(change_type, "commitments/1", after);
        (vietnamese, english)
    }

    #[test]
    fn a_line_says_what_happened_to_what_in_both_languages() {
        let after = commitment("Đưa 20 doanh nghiệp sang Gujarat");
        for (change_type, vietnamese, english) in [
            (
                "commitment.fulfilled",
                "Cam kết “Đưa 20 doanh nghiệp sang Gujarat”: đã hoàn thành",
                "Commitment “Đưa 20 doanh nghiệp sang Gujarat”: fulfilled",
            ),
            (
                "commitment.extensionRequested",
                "Cam kết “Đưa 20 doanh nghiệp sang Gujarat”: có đề nghị gia hạn",
                "Commitment “Đưa 20 doanh nghiệp sang Gujarat”: extension requested",
            ),
        ] {
            assert_eq!(lines(change_type, Some(&after)), (vietnamese.into(), english.into()));
        }
    }

    #[test]
    fn what_has_no_words_yet_is_said_in_those_of_the_contract() {
        let line = "Trade alert “commitments/1”: taken back".to_owned();
        assert_eq!(lines("tradeAlert.takenBack", None), (line.clone(), line));
    }

    #[test]
    fn a_long_title_is_cut_between_characters() {
        let (vietnamese, _) = lines("commitment.created", Some(&commitment(&"ế".repeat(500))));
        assert_eq!(vietnamese, format!("Cam kết “{}…”: mới ghi nhận", "ế".repeat(160)));
    }
}
