//! What may stand in cleaned HTML: the elements, attributes and style properties that feedparser documents as acceptable
//! ("Sanitization" in its manual), so that what its users are used to comes out here as well. Words in alphabetical order,
//! a space between two.

/// Elements; what stands in others is kept without them.
pub(super) const ELEMENTS: &str = "a abbr acronym address area article aside audio b big blockquote br button canvas caption center cite code \
    col colgroup command datagrid datalist dd del details dfn dialog dir div dl dt em event-source fieldset \
    figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd keygen label legend li m \
    map menu meter multicol nav nextid noscript ol optgroup option output p pre progress q s samp section select \
    small sound source spacer span strike strong sub sup table tbody td textarea tfoot th thead time tr tt u ul \
    var video";

/// Attributes of any element; `style` is looked into.
pub(super) const ATTRIBUTES: &str = "abbr accept accept-charset accesskey action align alt autocomplete autofocus axis background balance bgcolor \
    bgproperties border bordercolor bordercolordark bordercolorlight bottompadding cellpadding cellspacing ch \
    challenge char charoff charset checked choff cite class clear color cols colspan compact contenteditable \
    controls coords data datafld datapagesize datasrc datetime default delay dir disabled draggable dynsrc \
    enctype end face for form frame galleryimg gutter headers height hidden hidefocus high href hreflang hspace \
    icon id inputmode ismap keytype label lang leftspacing list longdesc loop loopcount loopend loopstart low \
    lowsrc max maxlength media method min multiple name nohref noshade nowrap open optimum pattern ping \
    point-size poster pqg preload prompt radiogroup readonly rel repeat-max repeat-min replace required rev \
    rightspacing rows rowspan rules scope selected shape size span src start step style summary suppress \
    tabindex target template title toppadding type unselectable urn usemap valign value variable volume vrml \
    vspace width wrap xml:lang";

/// Style properties with any value.
pub(super) const PROPERTIES: &str = "azimuth background-color border-bottom-color border-collapse border-color border-left-color \
    border-right-color border-top-color clear color cursor direction display elevation float font font-family \
    font-size font-style font-variant font-weight height letter-spacing line-height overflow pause pause-after \
    pause-before pitch pitch-range richness speak speak-header speak-numeral speak-punctuation speech-rate \
    stress text-align text-decoration text-indent unicode-bidi vertical-align voice-family volume white-space \
    width";

/// Words that `background`, `border`, `margin` and `padding` properties may have as values, beside colors and sizes.
pub(super) const KEYWORDS: &str = "!important aqua auto black block blue bold both bottom brown center collapse dashed dotted fuchsia gray \
    green italic left lime maroon medium navy none normal nowrap olive pointer purple red right silver solid \
    teal top transparent underline white yellow";

/// Whether a list has a word.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}
