//! What can be seen at a name in a headline, and sets of it.

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident => $text:literal),+ $(,)?) => {
        /// What can be seen at a name. The texts are the keys of `weights.tsv` and the words of the reasons.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Feature {
            $($(#[$doc])* $name),+
        }

        /// Every feature with its text.
        pub(super) const FEATURES: &[(Feature, &str)] = &[$((Feature::$name, $text)),+];
    };
}

features! {
    Bias => "any name",
    Sure => "name without doubts",
    Word => "everyday word",
    Given => "given or family name",
    Place => "place name",
    Phrase => "everyday phrase",
    Shared => "shared name",
    Short => "short name",
    Curated => "known double meaning",
    Tier1 => "well-known company",
    Tier2 => "large company",
    Tier3 => "listed abroad",
    Tier4 => "small listed company",
    Exact => "spelled exactly",
    UpperFit => "in capitals",
    LooseFit => "spelled loosely",
    OneWord => "one word",
    LongWord => "one long word",
    ManyWords => "three words or more",
    Acronym => "acronym",
    Product => "product",
    First => "first in the headline",
    ClauseFirst => "begins a clause",
    Last => "last in the headline",
    Possessive => "possessive",
    VerbAfter => "company verb after",
    NounAfter => "company noun after",
    LegalAfter => "legal form after",
    RoleBefore => "role before",
    DealBefore => "deal word before",
    GivenBefore => "given name before",
    Determiner => "determiner before",
    Preposition => "preposition before",
    PlaceBefore => "in, at or near before",
    OfAfter => "of after",
    OfBefore => "of before",
    CapitalAfter => "capital after, in a sentence",
    CapitalBefore => "capital before, in a sentence",
    TitleAfter => "capital after, title case",
    TitleBefore => "capital before, title case",
    LowerAfter => "plain word after",
    NumberAfter => "number after",
    NumberBefore => "number before",
    HyphenAfter => "hyphen after",
    HyphenCompany => "-owned, -backed after",
    HyphenBefore => "hyphen before",
    Ticker => "ticker agrees",
    Peer => "another company named",
    List => "in a list of companies",
    Market => "business words",
    Market2 => "many business words",
    Elsewhere => "words of other fields",
    Quoted => "in quotation marks",
    DoubtTitle => "doubtful, title case",
    DoubtUpper => "doubtful, all capitals",
    DoubtMid => "doubtful, capital inside a sentence",
    DoubtFirst => "doubtful, first in the headline",
    DoubtNoCue => "doubtful, no cue at all",
    DoubtMarket => "doubtful, business words",
    WordFirstLower => "everyday word first, plain word after",
    AndAfter => "and after",
    CommaAfter => "comma after",
    Hash => "hash before",
    EndBefore => "ends a clause",
    Small => "small company, one word",
    SmallNoCue => "small company, no cue",
    WordMinor => "everyday word, not well known",
    WordSmall => "everyday word, small company",
    FamilyAfter => "given name, family name after",
    Person => "family name, a person's word before",
    CompanyAfter => "everyday word, a company right after",
}

/// A set of features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FeatureSet(u128);

impl FeatureSet {
    pub(super) const fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    pub(super) const fn put(&mut self, feature: Feature, on: bool) {
        if on {
            self.0 |= 1 << feature as u32;
        }
    }

    /// The numbers of the features in the set, in their order.
    pub(super) fn numbers(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (next < u128::BITS).then_some(next as usize)
        })
    }

    /// The texts of the features in the set.
    pub(super) fn texts(self) -> impl Iterator<Item = &'static str> {
        FEATURES
            .iter()
            .filter(move |(f, _)| self.has(*f))
            .map(|&(_, text)| text)
    }
}
