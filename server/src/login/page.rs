//! The form, as HTML that needs no script.

/// The page with the form. `problem`: what was wrong with the last try, in words.
pub(super) fn form(next: &str, problem: Option<&str>) -> String {
    let next = escaped(next);
    let (invalid, problem) = match problem {
        Some(problem) => (
            " aria-invalid=\"true\" aria-describedby=\"password-problem\"",
            format!("<div class=\"problem\" id=\"password-problem\" role=\"alert\"><p>{}</p></div>", escaped(problem)),
        ),
        None => ("", String::new()),
    };
    around(&format!(
        r#"<h1>Log in</h1>
<p class="lead">This server has a password. Ask whoever runs it.</p>
<form class="open" method="post" action="/login">
<input type="hidden" name="next" value="{next}">
<label for="password">Password</label>
<div class="open-row">
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus{invalid}>
<button class="primary" type="submit">Log in</button>
</div>
{problem}
</form>"#
    ))
}

/// The same for who has logged in already.
pub(super) fn inside(next: &str) -> String {
    let next = escaped(next);
    around(&format!(
        r#"<h1>You are logged in</h1>
<form class="actions" method="post" action="/logout">
<a class="button primary" href="{next}">Go on</a>
<button type="submit">Log out</button>
</form>"#
    ))
}

fn around(content: &str) -> String {
    format!(
        r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="theme-color" content="#15110e" media="(prefers-color-scheme: dark)">
<meta name="theme-color" content="#faf6ef" media="(prefers-color-scheme: light)">
<link rel="stylesheet" href="/pkg/matinee.css">
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
<title>Log in · Matinee</title>
</head>
<body>
<header class="masthead"><span class="brand">Matinee</span></header>
<main id="main" class="login">
<section class="hero">
{content}
</section>
</main>
</body>
</html>
"##
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_back_to_cannot_write_html() {
        let page = form("/a?b=\"><script>'&", None);
        assert!(page.contains(r#"value="/a?b=&quot;&gt;&lt;script&gt;&#39;&amp;""#), "{page}");
        assert!(inside("/a?\"b").contains(r#"href="/a?&quot;b""#));
    }

    #[test]
    fn a_problem_is_told_beside_the_field() {
        assert!(!form("/", None).contains("alert"));
        let page = form("/", Some("that is not the password"));
        assert!(page.contains("role=\"alert\"") && page.contains("aria-invalid=\"true\""), "{page}");
        assert!(page.contains("that is not the password"));
    }
}
