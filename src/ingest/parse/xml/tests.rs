use super::*;

#[track_caller]
fn check(source: &str, expected: &str) {
    let mut tokens = Tokens::new(source);
    let mut seen = String::new();
    loop {
        match tokens.next() {
            Token::Text(text) => seen.push_str(text),
            Token::Reference(name) => seen.push_str(&format!("{{{name}}}")),
            Token::Cdata(text) => seen.push_str(&format!("[{text}]")),
            Token::Open {
                name,
                attributes,
                empty,
            } => {
                seen.push_str(&format!("({name}"));
                for (name, value) in Attributes::new(attributes) {
                    seen.push_str(&format!(" {name}={value}"));
                }
                seen.push_str(if empty { "/)" } else { ")" });
            }
            Token::Close(name) => seen.push_str(&format!("(/{name})")),
            Token::Doctype(_) => seen.push_str("(!)"),
            Token::End => break,
        }
    }
    assert_eq!(seen, expected, "{source:?}");
}

#[test]
fn clean_xml() {
    check(
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a b='1' c = \"2\">x<d/></a>",
        "(!)(a b=1 c=2)x(d/)(/a)",
    );
    check("<a>1 &lt; 2<![CDATA[<b>]]></a>", "(a)1 {lt} 2[<b>](/a)");
}

#[test]
fn broken_xml() {
    check("<a>1 < 2 and 3 > 2</a>", "(a)1 < 2 and 3 > 2(/a)");
    check("<a>if i <n then <b>x</b></a>", "(a)if i <n then (b)x(/b)(/a)");
    check("<a>AT&T & Co; R&D</a>", "(a)AT&T & Co; R&D(/a)");
    check(
        "<a b=1 c=x/><p class=x\">y</p>it's",
        "(a b=1 c=x/)(p class=x\")y(/p)it's",
    );
    check("<a b='1' b='2'>", "(a b=1 b=2)");
    check("<a><!-- x <b>y</b></a>", "(a) x (b)y(/b)(/a)");
    check("<a><![CDATA[x</a><b>y</b>", "(a)[x](/a)(b)y(/b)");
    check("<a><![CDATA[<![CDATA[x]]>]]></a>", "(a)[x](/a)");
    check("<a><![CDATA[x]]]]><![CDATA[>y]]></a>", "(a)[x]]][>y](/a)");
    check("<a>x<b", "(a)x");
    check("<a>x</a", "(a)x");
    check("</a<b>", "(/a)(b)");
    check("<?php x><a>y</a>", "(a)y(/a)");
}
