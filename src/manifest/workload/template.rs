//! Helm's templates, told apart from YAML.

use crate::{
    domain::{plan::PlanFault, position::Position},
    manifest::{
        Fault,
        text::position_of,
        tree::{Kind, Tree},
    },
};

/// Reads a text as YAML.
///
/// # Errors
/// [`PlanFault::HelmTemplate`] where template code stands in the place of YAML, [`PlanFault::Malformed`] otherwise.
pub(super) fn read(text: &str) -> Result<Tree<'_>, Fault> {
    let template = |offset| Fault::at(position_of(text, offset), PlanFault::HelmTemplate);
    match Tree::read(text) {
        Ok(tree) => match action(&tree) {
            Some(offset) => Err(template(offset)),
            None => Ok(tree),
        },
        Err(fault) => Err(code(text, fault.at).map_or(fault, template)),
    }
}

/// Where an action stands that YAML reads as a map with a map as its key: `replicas: {{ .Values.replicas }}`.
fn action(tree: &Tree<'_>) -> Option<usize> {
    let is_flow = |id: usize| matches!(tree.node(id).kind, Kind::Mapping { flow: true, .. });
    let nodes = tree.nodes().iter().filter(|node| match &node.kind {
        Kind::Mapping { pairs, flow: true } => pairs.first().is_some_and(|(key, _)| is_flow(*key)),
        _ => false,
    });
    nodes.map(|node| node.span.start).find(|start| tree.text[*start..].starts_with("{{"))
}

/// Where an action stands that is to blame for a text being no YAML: outside of quotes as far as a line shows it, and on
/// the line where the parser gave up or on the last one above that says anything.
fn code(text: &str, failed: Option<Position>) -> Option<usize> {
    let above: Vec<&str> = text.split_inclusive('\n').take(failed?.line).collect();
    let lines = above.into_iter().rev().filter(|line| !line.trim().is_empty());
    lines.take(2).find_map(|line| {
        let before = &line[..line.find("{{")?];
        let quoted = |quote| before.matches(quote).count() % 2 == 1;
        let blank = before.trim();
        let value = blank.is_empty() || blank.ends_with([':', '-']);
        let code = value && !blank.starts_with('#') && !quoted('"') && !quoted('\'');
        code.then(|| line.as_ptr() as usize - text.as_ptr() as usize + before.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_code_is_named_where_it_stands() {
        let at = |text: &str| match read(text).expect_err("no YAML") {
            Fault { at: Some(at), fault: PlanFault::HelmTemplate } => (at.line, at.column),
            other => panic!("{text}: {other}"),
        };
        assert_eq!(at("{{- if .Values.a }}\nkind: Pod\n{{- end }}\n"), (1, 1));
        assert_eq!(at("# c\r\nkind: Pod\r\nname: {{ .a }}-web\r\n"), (3, 7));
        assert_eq!(at("kind: Pod\nlabels:\n  {{- include \"x\" . | nindent 4 }}\nspec: {}\n"), (3, 3));
        assert_eq!(
            at("kind: Pod\nspec:\n  {{- with .Values.x }}\n\n  a:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n"),
            (3, 3)
        );
        assert_eq!(at("count: {{ .Values.count }}\n"), (1, 8));
        assert_eq!(at("a: 1\n- {{ x }}\n"), (2, 3));
    }

    #[test]
    fn braces_elsewhere_are_not_to_blame() {
        for text in [
            "a: '{{ x }}'\nb: [\n",
            "a: |\n  {{ x }}\n\nb: 1\nc: [\n",
            "a: \"x: {{ y }}\"\nb: [\n",
            "# {{ x }}\nb: [\n",
            "a: {b: {c: 1}}\n]\n",
        ] {
            assert!(matches!(read(text), Err(Fault { fault: PlanFault::Malformed(_), .. })), "{text}");
        }
        assert!(read("a: {{b: 1}: 2}\n").is_err_and(|fault| fault.fault == PlanFault::HelmTemplate));
        assert!(read("a: { {b: 1}: 2}\nc: '{{ x }}'\n").is_ok());
    }
}
