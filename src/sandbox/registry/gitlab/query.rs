//! Just enough of GraphQL's language: one query with variables, fields with arguments, no fragments.

use serde_json::{Map, Value};

/// A field that is asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Mark(char),
}

/// The fields that a query asks for, with its variables filled in.
pub(super) fn parse(text: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, variables };
    if parser.take_name("query") {
        if matches!(parser.tokens, [Token::Name(_), ..]) {
            parser.next();
        }
        parser.skip_definitions();
    }
    let fields = parser.fields()?;
    if parser.tokens.is_empty() { Ok(fields) } else { Err(parser.unexpected()) }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let end = rest[1..].find('"').ok_or("Parse error: unterminated string")?;
            tokens.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else if is_of_name(first) {
            let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            end
        } else {
            tokens.push(Token::Mark(first));
            first.len_utf8()
        };
        rest = rest[length..].trim_start_matches(is_blank);
    }
    Ok(tokens)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == ','
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

struct Parser<'a> {
    tokens: &'a [Token],
    variables: &'a Value,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.tokens.first() == Some(&Token::Mark(mark));
        if found {
            self.next();
        }
        found
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Name(first)) if first == name);
        if found {
            self.next();
        }
        found
    }

    fn unexpected(&self) -> String {
        format!("Parse error on {:?}", self.tokens.first())
    }

    /// The variables' types aren't checked.
    fn skip_definitions(&mut self) {
        if self.take('(') {
            while !self.take(')') && self.next().is_some() {}
        }
    }

    fn fields(&mut self) -> Result<Vec<Field>, String> {
        if !self.take('{') {
            return Err(self.unexpected());
        }
        let mut fields = Vec::new();
        while !self.take('}') {
            let Some(Token::Name(name)) = self.next() else { return Err(self.unexpected()) };
            let mut arguments = Map::new();
            if self.take('(') {
                while !self.take(')') {
                    let (name, value) = self.argument()?;
                    arguments.insert(name, value);
                }
            }
            let has_fields = self.tokens.first() == Some(&Token::Mark('{'));
            let fields_below = if has_fields { self.fields()? } else { Vec::new() };
            fields.push(Field { name, arguments, fields: fields_below });
        }
        Ok(fields)
    }

    fn argument(&mut self) -> Result<(String, Value), String> {
        let (Some(Token::Name(name)), true) = (self.next(), self.take(':')) else { return Err(self.unexpected()) };
        let value = match self.next() {
            Some(Token::Text(text)) => Value::String(text),
            // An enumeration's value, or a number.
            Some(Token::Name(text)) => text.parse::<i64>().map_or(Value::String(text), Value::from),
            Some(Token::Mark('$')) => match self.next() {
                Some(Token::Name(variable)) => self.variables[&variable].clone(),
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        Ok((name, value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_are_read_with_their_variables() {
        let text = r#"query tags($id: ContainerRepositoryID!, $first: Int = 20) {
            containerRepository(id: $id) { tags(first: $first, after: $after, sort: NAME_ASC, name: "0.") { nodes { name } } } }"#;
        let fields = parse(text, &json!({"id": "gid://gitlab/ContainerRepository/1", "first": 3})).expect("read");
        assert_eq!(fields[0].arguments["id"], "gid://gitlab/ContainerRepository/1");
        let tags = &fields[0].fields[0];
        assert_eq!(json!(tags.arguments), json!({"first": 3, "after": null, "sort": "NAME_ASC", "name": "0."}));
        assert_eq!(tags.fields[0].fields[0].name, "name");
        for wrong in ["", "{", "{ a(b) }", "{ a } }", "{ a(b: \"", "mutation { a }", "{ a(b: $) }"] {
            assert!(parse(wrong, &Value::Null).is_err(), "{wrong}");
        }
    }
}
