// What the phone itself says, in the language it is set to.

const EN = {
  typing: "typing…", online: "online", you: "You", message: "Message", today: "Today", yesterday: "Yesterday",
  notice: "This chat goes to your bot through the emulator. Nothing leaves for WhatsApp.",
  unread: (n) => (n === 1 ? "1 unread message" : `${n} unread messages`),
  attach: "Attach", emoji: "Emoji", send: "Send", speak: "Send a sample voice note", camera: "Photo", details: "Chat details",
  photo: "Photo or video", document: "Document", location: "Location", voice: "Voice note", sticker: "Sticker", contact: "Contact",
  samplePhoto: "Sample photo", sampleDocument: "Sample document", caption: "Add a caption", close: "Close", cancel: "Cancel",
  choose: "Tap one to select it", sendLocation: "Send location", shareContact: "Share contact", sendThis: "Send this place",
  reply: "Reply", copy: "Copy", options: "Message options", down: "To the latest message",
  sent: "sent", delivered: "delivered", read: "read", failed: "not delivered", accepted: "on its way",
  voiceNote: "Voice note", play: "Play", pause: "Pause", open: "Open the picture", photoOf: "Photo", download: "Download",
  unsupported: "This kind of message has no picture here", place: "Place", latitude: "Latitude", longitude: "Longitude",
  notSent: "Could not be sent", notPicture: "The browser can't read this picture", react: "React with",
  loading: "Loading…", name: "Name", number: "Number", scoped: "Business-scoped id", hidden: "hidden", language: "Language",
  window: "24-hour window", left: (t) => `${t} left`, closed: "closed", never: "not open yet", contactOf: "Contact",
};

const ZH = {
  ...EN,
  typing: "正在输入…", online: "在线", you: "你", message: "输入消息", today: "今天", yesterday: "昨天",
  notice: "此对话通过模拟器发送给您的机器人，不会经过 WhatsApp。",
  unread: (n) => `${n} 条未读消息`,
  attach: "附件", emoji: "表情", send: "发送", speak: "发送示例语音", camera: "照片", details: "对话信息",
  photo: "照片或视频", document: "文件", location: "位置", voice: "语音", sticker: "贴纸", contact: "联系人",
  samplePhoto: "示例照片", sampleDocument: "示例文件", caption: "添加说明", close: "关闭", cancel: "取消",
  choose: "点按以选择", sendLocation: "发送位置", shareContact: "分享联系方式", sendThis: "发送此位置",
  reply: "回复", copy: "复制", options: "消息选项", down: "最新消息",
  sent: "已发送", delivered: "已送达", read: "已读", failed: "未送达", accepted: "发送中",
  voiceNote: "语音消息", play: "播放", pause: "暂停", open: "打开图片", photoOf: "照片", download: "下载",
  unsupported: "此处无法显示这类消息", place: "地点", latitude: "纬度", longitude: "经度",
  notSent: "发送失败", notPicture: "浏览器无法读取此图片", react: "回应",
  loading: "加载中…", name: "姓名", number: "号码", scoped: "商家范围 ID", hidden: "已隐藏", language: "语言",
  window: "24 小时窗口", left: (t) => `剩余 ${t}`, closed: "已关闭", never: "尚未开启", contactOf: "联系人",
};

/** The words for a language; English where there are none. */
export function wordsFor(language) {
  return language.toLowerCase().startsWith("zh") ? ZH : EN;
}

/** 14:05, in the way of the language. */
export function hour(at, language) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

const dayNumber = (at) => Math.floor((at - new Date(at).getTimezoneOffset() * 60000) / 86400000);

/** Whether two moments are on one day where the browser is. */
export const sameDay = (one, other) => dayNumber(one) === dayNumber(other);

/** Today, yesterday, a weekday of the last week, or a date. */
export function day(at, now, language, words) {
  const ago = dayNumber(now) - dayNumber(at);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  const form = ago > 1 && ago < 7 ? { weekday: "long" } : { day: "numeric", month: "long", year: "numeric" };
  return new Intl.DateTimeFormat(language, form).format(at);
}

/** 23 h 5 min */
export function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** 12 kB */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
