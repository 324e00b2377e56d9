"use strict";
const WORDS = {
  zh: {
    me: "你是", newPerson: "添一个人", newGroup: "建群", newForum: "建话题群", newChannel: "建频道",
    file: "文件", send: "发送", write: "写点什么", start: "开始 /start", block: "停用机器人", unblock: "恢复机器人",
    addBot: "拉机器人进群", removeBot: "移出机器人",
    admin: "设为管理员", notAdmin: "取消管理员", migrate: "升级为超级群", topic: "新话题", leave: "退群", reply: "回复", edit: "改",
    delete: "删", edited: "改过", closed: "已结束", name: "叫什么名字？", general: "总区", replyTo: "回复：",
    privacyOn: "隐私模式：开", privacyOff: "隐私模式：关",
    hint: "这是 Telegram 的模拟器，只在这台机器上。新建的群里有这里的每一个人；机器人要另外拉进去。",
  },
  en: {
    me: "You are", newPerson: "Add a person", newGroup: "New group", newForum: "New forum", newChannel: "New channel",
    file: "File", send: "Send", write: "Write something", start: "Start /start", block: "Block the bot",
    unblock: "Unblock the bot", addBot: "Add the bot", removeBot: "Remove the bot", admin: "Make the bot administrator",
    notAdmin: "No longer administrator", migrate: "Upgrade to supergroup", topic: "New topic", leave: "Leave",
    reply: "Reply", edit: "Edit", delete: "Delete", edited: "edited", closed: "closed", name: "What name?",
    general: "General", replyTo: "Reply to: ", privacyOn: "Privacy mode: on", privacyOff: "Privacy mode: off",
    hint: "An emulation of Telegram, on this machine only. A new group has everybody here in it; add the bot yourself.",
  },
};
const SAY = navigator.language.startsWith("zh") ? WORDS.zh : WORDS.en;
