//! Visits, calls, working sessions, meetings and events.

use api::events::v1::engagement_service_server::EngagementService;
use api::events::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use store::register::{References, Within, span};
use store::{Desc, Order, Store, Tx, View, mention, party};

store::entity!(row, "engagement", {
    kind: i32,
    mission: String,
    start_first: String,
});

use row::Column;

/// Serves them.
pub struct Engagements {
    pub store: Store,
}

impl store::Resource for Engagements {
    type Message = Engagement;
    type List = ListEngagementsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(message: &Engagement, row: &mut row::ActiveModel) {
        row.kind = Set(message.kind);
        row.mission = Set(message.mission.clone());
        row.start_first = Set(span(&message.start_date).map_or_else(String::new, |(first, _)| first.to_string()));
    }

    fn filter(list: &ListEngagementsRequest, _view: &View) -> Condition {
        Condition::all()
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((!list.mission.is_empty()).then(|| Column::Mission.eq(list.mission.as_str())))
            .add_option(mention::of::<Engagement>(Column::Id, &list.country))
            .add_option(mention::of::<Engagement>(Column::Id, &list.locality))
            .add_option((!list.from_date.is_empty()).then(|| Column::StartFirst.gte(list.from_date.as_str())))
            .add_option((!list.to_date.is_empty()).then(|| Column::StartFirst.lte(list.to_date.as_str())))
    }

    fn search_words(message: &Engagement) -> Vec<&str> {
        let taking_part = message.participants.iter().map(|participant| participant.display_name.as_str());
        [message.title.as_str(), &message.summary, &message.venue].into_iter().chain(taking_part).collect()
    }

    fn order() -> Order {
        Order::by(Column::StartFirst, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&Engagement>, after: &mut Engagement) -> Result<()> {
        refuse(after)?;
        references(before, after).check(tx).await?;
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    async fn index(tx: &Tx, message: &Engagement) -> Result<()> {
        let names = message.countries.iter().chain(&message.localities).map(String::as_str);
        mention::keep(tx, message, names).await
    }
}

/// Who may read an engagement because it names them. A locality or mission that is not named does not learn of it.
fn parties(engagement: &Engagement) -> Vec<String> {
    let taking_part = engagement.participants.iter().map(|participant| &participant.organization);
    let named = engagement.localities.iter().chain([&engagement.mission]).chain(taking_part);
    named.filter(|name| !name.is_empty()).cloned().collect()
}

fn refuse(engagement: &Engagement) -> Result<()> {
    let mut faults = Vec::new();
    if let (Some((first, _)), Some((_, last))) = (span(&engagement.start_date), span(&engagement.end_date))
        && last < first
    {
        faults.push(("engagement.end_date".to_owned(), "must not be before start_date"));
    }
    for (index, participant) in engagement.participants.iter().enumerate() {
        if participant.organization.is_empty() && participant.display_name.is_empty() {
            let field = format!("engagement.participants[{index}].display_name");
            faults.push((field, "is required of a participant that is not registered here"));
        } else if !is_organization(&participant.organization) {
            let field = format!("engagement.participants[{index}].organization");
            faults.push((field, "must be an agency, a mission, a locality or an organization"));
        }
    }
    let mut faults = faults.into_iter();
    let Some((first, why)) = faults.next() else { return Ok(()) };
    Err(faults.fold(Error::invalid(first, why), |error, (field, why)| error.violation(field, why)))
}

/// Whether a reference is to a body that may read; an empty one is to none.
pub fn is_organization(name: &str) -> bool {
    let collection = name.split('/').next().unwrap_or_default();
    ["", "agencies", "missions", "localities", "organizations"].contains(&collection)
}

/// What an engagement newly refers to must have been there when it took place.
fn references(before: Option<&Engagement>, after: &Engagement) -> References {
    let within = Within::date(&after.start_date);
    let moved = before.is_none_or(|before| before.start_date != after.start_date);
    let known = before.map(named).unwrap_or_default();
    let mut references = References::default();
    for (field, name) in named(after) {
        if moved || !known.iter().any(|(_, before)| *before == name) {
            references.add(field, name, within);
        }
    }
    references
}

/// All that an engagement refers to, with the fields.
fn named(engagement: &Engagement) -> Vec<(String, &str)> {
    let mut named = vec![("engagement.mission".to_owned(), engagement.mission.as_str())];
    for (index, country) in engagement.countries.iter().enumerate() {
        named.push((format!("engagement.countries[{index}]"), country));
    }
    for (index, locality) in engagement.localities.iter().enumerate() {
        named.push((format!("engagement.localities[{index}]"), locality));
    }
    for (index, participant) in engagement.participants.iter().enumerate() {
        named.push((format!("engagement.participants[{index}].organization"), &participant.organization));
        named.push((format!("engagement.participants[{index}].country"), &participant.country));
    }
    named
}

store::serve!(EngagementService for Engagements, engagement, engagements);

#[cfg(test)]
mod tests {
    use super::*;
    use api::events::v1::engagement::Participant;

    fn taking_part(organization: &str, display_name: &str) -> Participant {
        Participant { organization: organization.into(), display_name: display_name.into(), ..Participant::default() }
    }

    #[test]
    fn the_parties_are_those_that_are_named() {
        let engagement = Engagement {
            mission: "missions/vn-in-emb".into(),
            localities: vec!["localities/quang-ninh".into()],
            participants: vec![taking_part("organizations/tata", ""), taking_part("", "Phòng Thương mại Ấn Độ")],
            ..Engagement::default()
        };
        assert_eq!(parties(&engagement), ["localities/quang-ninh", "missions/vn-in-emb", "organizations/tata"]);
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let broken = |engagement: Engagement| -> Vec<String> {
            let error = refuse(&engagement).err();
            error.iter().flat_map(Error::violations).map(|violation| violation.field.clone()).collect()
        };
        let dated = |start: &str, end: &str| Engagement {
            start_date: start.into(),
            end_date: end.into(),
            ..Engagement::default()
        };
        for (start, end, fine) in [
            ("2021-07-29", "2021-07-29", true),
            ("2021-07-29", "2021-07", true),
            ("2021", "2021-01-05", true),
            ("2021-07-29", "2021-07-28", false),
            ("2021-07-29", "2020", false),
        ] {
            assert_eq!(broken(dated(start, end)).is_empty(), fine, "{start} to {end}");
        }
        let participants = vec![taking_part("", ""), taking_part("leads/1", "x")];
        let fields = broken(Engagement { participants, ..Engagement::default() });
        assert_eq!(fields, ["engagement.participants[0].display_name", "engagement.participants[1].organization"]);
    }

    #[test]
    fn only_what_is_new_is_looked_up_unless_the_day_moved() {
        let before = Engagement {
            start_date: "2021".into(),
            mission: "missions/a".into(),
            localities: vec!["localities/b".into()],
            ..Engagement::default()
        };
        let mut after = before.clone();
        after.localities.push("localities/c".into());
        assert_eq!(references(Some(&before), &after).fields(), ["engagement.localities[1]"]);
        after.start_date = "2026".into();
        assert_eq!(references(Some(&before), &after).fields().len(), 3);
    }
}
