//! A world for the page that does what a test tells it and writes down what the page does to it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tiphys::sandbox::page::PageSource;
use tokio::sync::watch;

pub(crate) const ANNA: i64 = 1001;
pub(crate) const STRANGER: i64 = 1666;
const BOT: i64 = 42;

/// The world; every change ticks.
pub(crate) struct World {
    state: Mutex<Value>,
    pressed: Mutex<Vec<(i64, i64, String)>>,
    tick: watch::Sender<u64>,
}

impl World {
    /// A quiet cluster at version 0.10.4 and an empty chat.
    pub(crate) fn quiet(language: &str) -> Arc<Self> {
        let state = json!({
            "title": "tiphys",
            "language": language,
            "me": [
                { "id": ANNA, "name": "Анна Иванова" },
                { "id": 1002, "name": "Пётр Смирнов" },
                { "id": STRANGER, "name": "Незнакомец", "allowed": false },
            ],
            "chat": { "title": "Релизы", "messages": [] },
            "commands": [
                { "command": "deploy", "description": "вывести версию" },
                { "command": "set_replicas", "description": "задать число подов" },
                { "command": "status", "description": "что где работает" },
                { "command": "showcontainers", "description": "контейнеры и их образы" },
                { "command": "apps", "description": "приложения и окружения" },
                { "command": "whoami", "description": "кем я для бота числюсь" },
                { "command": "help", "description": "справка" },
            ],
            "commits": [commit(1, "manifests: add oil-refinery-application", "Пётр Смирнов <petr@example.org>", "", ADDED)],
            "apps": [app(1, "0.10.4", "Synced", "Healthy", 2, 2)],
            "nodes": [
                { "name": "worker-1", "ready": true, "unschedulable": false },
                { "name": "worker-2", "ready": true, "unschedulable": false },
                { "name": "worker-3", "ready": true, "unschedulable": false },
            ],
            "pods": [
                pod("5d8f7c9b4-h7k2m", "worker-1", "Running", true, "0.10.4", 86_400 * 3),
                pod("5d8f7c9b4-q9x4z", "worker-2", "Running", true, "0.10.4", 86_400 * 3),
            ],
        });
        Arc::new(Self { state: Mutex::new(state), pressed: Mutex::default(), tick: watch::Sender::new(0) })
    }

    /// Changes the state and ticks.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.state.lock().expect("no panic under the lock"));
        self.tick.send_modify(|tick| *tick += 1);
    }

    /// Adds a message of the bot and gives its id.
    pub(crate) fn bot_says(&self, html: &str, reply_to: Option<i64>, buttons: Value) -> i64 {
        let bot = json!({ "id": BOT, "name": "tiphys", "is_bot": true });
        self.add(bot, html, reply_to, buttons)
    }

    /// Edits a message in place.
    pub(crate) fn edit(&self, id: i64, html: &str, buttons: Value) {
        self.change(|state| {
            let messages = state["chat"]["messages"].as_array_mut().expect("messages");
            let message = messages.iter_mut().find(|message| message["id"] == id).expect("the message");
            message["html"] = html.into();
            message["edited"] = true.into();
            message["buttons"] = buttons;
        });
    }

    /// What was pressed: person, message and data.
    pub(crate) fn pressed(&self) -> Vec<(i64, i64, String)> {
        self.pressed.lock().expect("no panic under the lock").clone()
    }

    fn add(&self, from: Value, html: &str, reply_to: Option<i64>, buttons: Value) -> i64 {
        let mut id = 0;
        self.change(|state| {
            let messages = state["chat"]["messages"].as_array_mut().expect("messages");
            id = messages.len() as i64 + 1;
            messages.push(json!({
                "id": id, "from": from, "date": jiff::Timestamp::now().as_second(), "edited": false,
                "html": html, "reply_to": reply_to, "buttons": buttons,
            }));
        });
        id
    }
}

impl PageSource for World {
    fn state(&self) -> Value {
        self.state.lock().expect("no panic under the lock").clone()
    }

    fn say(&self, person: i64, text: &str) -> Result<(), String> {
        if text.chars().count() > 4096 {
            return Err("message is too long".into());
        }
        let people = self.state()["me"].as_array().cloned().unwrap_or_default();
        let from = people.iter().find(|known| known["id"] == person).ok_or("nobody of that name")?;
        let from = json!({ "id": person, "name": from["name"], "is_bot": false });
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let id = self.add(from, &html, None, json!([]));
        if person == STRANGER {
            self.bot_says("Вас нет в списке людей.", Some(id), json!([]));
        }
        Ok(())
    }

    fn press(&self, person: i64, message_id: i64, data: &str) -> Result<(), String> {
        self.pressed.lock().expect("no panic under the lock").push((person, message_id, data.into()));
        self.tick.send_modify(|tick| *tick += 1);
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }
}

/// A commit with a readable id.
pub(crate) fn commit(number: u32, subject: &str, author: &str, body: &str, diff: &str) -> Value {
    json!({
        "id": commit_id(number), "subject": subject, "author": author, "body": body,
        "date": jiff::Timestamp::now().as_second() - 40, "diff": diff,
    })
}

/// The id of a commit of that number.
pub(crate) fn commit_id(number: u32) -> String {
    format!("{:08x}{}", number.wrapping_mul(0x9e37_79b1), "c0ffee".repeat(6).get(..32).unwrap_or_default())
}

/// An application at a commit.
pub(crate) fn app(number: u32, tag: &str, sync: &str, health: &str, ready: u32, desired: u32) -> Value {
    json!({
        "name": "oil-refinery-application-prod", "sync": sync, "revision": commit_id(number), "health": health,
        "tag": tag, "ready": ready, "desired": desired,
    })
}

/// A pod of the application.
pub(crate) fn pod(suffix: &str, node: &str, status: &str, ready: bool, tag: &str, age: u32) -> Value {
    json!({
        "name": format!("oil-refinery-application-{suffix}"), "node": node, "status": status, "ready": ready,
        "restarts": 0, "image": format!("registry.example.org/team/oil-refinery-application:{tag}"), "age_seconds": age,
    })
}

/// A new version in one changed line.
pub(crate) const DEPLOYED: &str = "\
diff --git a/apps/oil-refinery-application/overlays/prod/kustomization.yaml b/apps/oil-refinery-application/overlays/prod/kustomization.yaml
index 3b18e51..8f94139 100644
--- a/apps/oil-refinery-application/overlays/prod/kustomization.yaml
+++ b/apps/oil-refinery-application/overlays/prod/kustomization.yaml
@@ -8,5 +8,5 @@ resources:
 images:
   - name: registry.example.org/team/oil-refinery-application
-    newTag: \"0.10.4\" # промышленная среда
+    newTag: \"0.10.5\" # промышленная среда
 replicas:
   - name: oil-refinery-application
";

/// More pods in one changed line.
pub(crate) const SCALED: &str = "\
diff --git a/apps/oil-refinery-application/overlays/prod/kustomization.yaml b/apps/oil-refinery-application/overlays/prod/kustomization.yaml
index 8f94139..c1b21f0 100644
--- a/apps/oil-refinery-application/overlays/prod/kustomization.yaml
+++ b/apps/oil-refinery-application/overlays/prod/kustomization.yaml
@@ -11,4 +11,4 @@ images:
 replicas:
   - name: oil-refinery-application
-    count: 2
+    count: 3
";

const ADDED: &str = "\
diff --git a/README.md b/README.md
new file mode 100644
index 0000000..e845566
--- /dev/null
+++ b/README.md
@@ -0,0 +1 @@
+# manifests
";
