// What the page itself says. The bot's own words come from the bot.

const en = {
  title: "Duologue playground",
  bot_on: "The bot runs", bot_off: "The bot was killed", bot_fell: "The bot fell over",
  kill: "Kill the bot", start_bot: "Start it again",
  add: "Add a person", applicant: "Applicant", reviewer: "Reviewer", staff: "Studio staff", coordinator: "Coordinator",
  group: "Reviewers’ group", group_title: "Sample reviewers", in_english: "in English", in_chinese: "in Chinese",
  clock: "Clock", now: "Now", next_due: "Go to: {what}", next_none: "Nothing is due", hour: "An hour on", day: "A day on",
  before: "{what}, {span} before",
  faults: "Trouble", drop: "Drop the next message", drop_after: "Deliver the next one, drop the answer", slow: "Slow network for 20 s",
  limit: "Too many requests (429), 5 s", twice: "Press everything twice", again: "Deliver the last update again",
  noted: "It strikes the next time.", slow_on: "Every call takes a second longer for 20 s.", no_update: "Nobody has done anything yet.",
  redelivered: "Delivered once more.",
  story: "Play the story for me", story_again: "Play it from the beginning", story_pause: "Pause", story_on: "Go on", story_end: "Leave the story",
  story_step: "{step} of {of}: {title}", story_over: "The story is over. Everybody is still here: go on by hand.",
  story_stopped: "Paused. Act for anybody, or go on.", story_broken: "The story could not go on: {reason}",
  story_sure: "The story begins on an empty stage: everybody here will be gone. Begin?",
  speed: "Speed", slowly: "as people read", twice_fast: "twice as fast", fast: "fast", 
  empty: "Nobody is here yet.", empty_how: "Add people and play them yourself, or let the story be played for you.",
  start: "START", write: "Message", send: "Send", menu: "Menu", attach: "Attach", record: "Record a voice message",
  recording: "Recording… {time}", stop_send: "Send the recording", discard: "Discard", no_microphone: "The microphone cannot be used: {reason}",
  dialogue: "Send a dialogue", file: "A file", photo: "A photo", sticker: "A sticker", nonsense: "Nonsense", contact: "Contact", location: "Location",
  block: "Block the bot", unblock: "Unblock the bot", close: "Close", hide: "Hide this phone", shown: "Show {name}",
  typing: "is typing…", recording_voice: "is recording…", edited: "edited", forwarded: "Forwarded from {name}", play: "Play", pause: "Pause",
  forward: "Forward to the bot", reply: "Reply", edit: "Edit", copy: "Copy", more: "More", copied: "Copied.", replying: "Reply to", editing: "Edit", 
  save: "Save", ok: "OK", lost: "No connection to the playground. Trying again…", back: "Connected again.", stopped: "The playground has ended. Start it again with “make play”.",
  messages: "Messages with {name}", phone_of: "{name}’s phone", private_chat: "Duologue", service_joined: "{name} joined", service_left: "{name} left",
  event_at: "When", event_where: "Where", cancelled: "cancelled", unsupported: "a message of a kind that this page does not show",
  open_as: "Who opens this link?", this_phone: "this phone", somebody_new: "Somebody new",
  older: "Older messages", chats: "Chats", new_below: "New messages", everyone: "Phones", language: "中文",
};

const zh = {
  title: "Duologue 试玩台",
  bot_on: "机器人运行中", bot_off: "机器人已被杀掉", bot_fell: "机器人自己倒下了",
  kill: "杀掉机器人", start_bot: "重新启动",
  add: "加一个人", applicant: "应聘者", reviewer: "审核员", staff: "场务", coordinator: "统筹",
  group: "审核群", group_title: "样音审核群", in_english: "说英文", in_chinese: "说中文",
  clock: "时钟", now: "现在", next_due: "跳到：{what}", next_none: "没有待办的事", hour: "过一小时", day: "过一天",
  before: "{what}（提前 {span}）",
  faults: "捣乱", drop: "丢掉下一条消息", drop_after: "下一条送到，但回执丢失", slow: "网络变慢 20 秒",
  limit: "请求过多（429），5 秒", twice: "每次都按两下", again: "把上一个更新再送一次",
  noted: "下一次就会发生。", slow_on: "20 秒内每次请求都慢一秒。", no_update: "还没有人做过什么。",
  redelivered: "已再送一次。",
  story: "替我演一遍", story_again: "从头再演", story_pause: "暂停", story_on: "继续", story_end: "不演了",
  story_step: "第 {step} 步，共 {of} 步：{title}", story_over: "演完了，人都还在，可以接着自己玩。",
  story_stopped: "已暂停。可以替任何人操作，也可以继续。", story_broken: "演不下去了：{reason}",
  story_sure: "演示要从空台开始，现在的人都会清掉。开始吗？",
  speed: "速度", slowly: "按人阅读的速度", twice_fast: "快一倍", fast: "很快",
  empty: "台上还没有人。", empty_how: "加几个人自己来演，或者让它替你演一遍。",
  start: "开始", write: "输入消息", send: "发送", menu: "菜单", attach: "附件", record: "录语音",
  recording: "录音中… {time}", stop_send: "发送录音", discard: "不要了", no_microphone: "用不了麦克风：{reason}",
  dialogue: "发一段对话", file: "文件", photo: "图片", sticker: "贴纸", nonsense: "乱打一通", contact: "名片", location: "位置",
  block: "拉黑机器人", unblock: "解除拉黑", close: "关闭", hide: "收起这部手机", shown: "显示{name}",
  typing: "正在输入…", recording_voice: "正在录音…", edited: "已编辑", forwarded: "转发自 {name}", play: "播放", pause: "暂停",
  forward: "转发给机器人", reply: "回复", edit: "编辑", copy: "复制", more: "更多", copied: "已复制。", replying: "回复", editing: "编辑",
  save: "保存", ok: "好", lost: "和试玩台断开了，正在重连…", back: "已重新连上。", stopped: "试玩台已经关了。用“make play”再开。",
  messages: "与{name}的消息", phone_of: "{name}的手机", private_chat: "Duologue", service_joined: "{name} 加入了群", service_left: "{name} 离开了群",
  event_at: "时间", event_where: "地点", cancelled: "已取消", unsupported: "这一页显示不了的消息",
  open_as: "谁来打开这个链接？", this_phone: "本机", somebody_new: "一个新人",
  older: "更早的消息", chats: "聊天", new_below: "有新消息", everyone: "手机", language: "English",
};

const due = {
  en: {
    reminder: "reminder", confirm_by: "who has not answered", hold_expired: "a hold runs out", offer_lapsed: "an offer runs out",
    wait_over: "end of a wait", rescue_over: "end of a search for a stand-in", odd_one_out: "word to who is left over", seek_stand_in: "another search for a stand-in",
    stand_in_declined: "another search for a stand-in", proposal_reminds: "proposal: one more word", proposal_expires: "a proposal runs out",
    nudge_reviewer: "a nudge for a reviewer", reassign_review: "another reviewer is asked", nudge_group: "a nudge in the group",
    group_silent: "the group was silent", fill_seats: "seats of reviewers", forget_rejected: "a rejected sample is erased",
    forget_refused: "a refused sample is erased", announce_batch: "new times are announced", announce_city: "times are announced",
    broadcast_progress: "how far a broadcast is", chat_lost: "a chat is gone", person_back: "somebody is back",
    wave_over: "everybody may book", last_word: "the last word of who was silent", reserve_over: "end of a day in reserve", wish_over: "end of a wait for any time",
    block_over: "a block ends", lay_template: "the next slots are laid out", ask_next: "the next of the staff is asked", cover_by: "end of the search for staff",
  },
  zh: {
    reminder: "提醒", confirm_by: "看谁还没回复", hold_expired: "占位到期", offer_lapsed: "候补名额到期",
    wait_over: "候补结束", rescue_over: "找替补到时间", odd_one_out: "告诉落单的人", seek_stand_in: "再找替补", stand_in_declined: "再找替补",
    proposal_reminds: "再提醒一次配对邀请", proposal_expires: "配对邀请到期", nudge_reviewer: "催一下审核员",
    reassign_review: "换一位审核员", nudge_group: "在群里催一下", group_silent: "群里没有回音", fill_seats: "安排审核员",
    forget_rejected: "删除未通过的样音", forget_refused: "删除被退回的样音", announce_batch: "通知新场次", announce_city: "通知场次",
    broadcast_progress: "群发进度", chat_lost: "联系不上的聊天", person_back: "有人回来了",
    wave_over: "大家都能订了", last_word: "最后再问一次没回复的人", reserve_over: "待命结束", wish_over: "不限场次的候补结束",
    block_over: "禁订期结束", lay_template: "排出后面的场次", ask_next: "问下一位场务", cover_by: "找场务到时间",
  },
};

const steps = {
  coordinator: "老板 Olga 来了", studio: "Olga 在北京加了一家录音棚", roles: "审核员和场务凭一次性链接加入",
  onboarding: "Ann、李雷、Ben、韩梅梅都想来录音", refused: "Ann 的第一份样音被退回，哪里不行一次说清",
  resubmitted: "Ann 再发一份，检查通过", approved: "两位审核员听过，都通过", disagreement: "Ben 的样音，两位审核员意见不一",
  "cross-review": "第三位审核员来定", chinese: "李雷和韩梅梅的样音也通过了", pool: "Ann 和李雷配成了搭子",
  invitation: "Ben 邀请韩梅梅做搭子", slots: "Olga 排了两场，去问场务", opened: "场务都答应了，场次开放并通知大家",
  booking: "Ann 订下一场，李雷点头，两人都收到日历", waitlist: "Ben 也想要这一场，排进候补",
  reminder: "提前一天提醒，两人都说会来", cancellation: "Ann 只好替两个人取消", freed: "空出来的场次按候补顺序给了 Ben 和韩梅梅",
  parting: "Ann 要搬走了，李雷另找搭子", rescue: "韩梅梅病了：Ben 留着场次，李雷来顶上",
  broadcast: "Olga 给看中文的人群发消息",
};

const KEY = "duologue-language";
const chosen = localStorage.getItem(KEY);
export const language = chosen === "zh" || chosen === "en" ? chosen : navigator.language.startsWith("zh") ? "zh" : "en";
const table = language === "zh" ? zh : en;
document.documentElement.lang = language;

/** A word of the page, with what it names filled in. */
export function say(key, names = {}) {
  return (table[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(names[name] ?? ""));
}

/** What a kind of timer is called. */
export function dueName(kind) {
  return due[language][kind] ?? kind.replaceAll("_", " ");
}

/** What a step of the story is called. */
export const stepName = (name, title) => (language === "zh" ? steps[name] : undefined) ?? title;

/** The page in the other language. */
export function changeLanguage() {
  localStorage.setItem(KEY, language === "zh" ? "en" : "zh");
  location.reload();
}

const WEEKDAY = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const TIME = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });

/** A moment (Unix seconds) with its day. */
export const day = (seconds) => WEEKDAY.format(new Date(seconds * 1000));
/** A moment (Unix seconds) of the day. */
export const time = (seconds) => TIME.format(new Date(seconds * 1000));

/** A length in seconds as minutes and seconds. */
export const length = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A span in seconds in its largest whole unit. */
export function span(seconds) {
  const [count, en1, zh1] = seconds >= 172800 ? [Math.round(seconds / 86400), "d", "天"] : seconds >= 3600 ? [Math.round(seconds / 3600), "h", "小时"] : [Math.round(seconds / 60), "min", "分钟"];
  return language === "zh" ? `${count} ${zh1}` : `${count} ${en1}`;
}
