// Tencent Chat's web SDK (@tencentcloud/chat) behind receiptspec's harness protocol 1.1
// (docs/harness.md): JSON-RPC 2.0, one object a line, one process a user.
//
// Packages are looked for beside this file, then in the folder that RECEIPTSPEC_NODE_MODULES names.
// The SDK's logs go to standard error.

import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const NO_METHOD = -32601;
const BAD_PARAMS = -32602;
const INTERNAL = -32603;
const LOGIN_MS = 15000;
const TOO_OFTEN = 2996; // the SDK's own limit of some of its calls a second
const TRIES = 5;
const ARRIVAL_MS = 1000; // for a message that was sent a moment ago
const PAGES = 100; // of history that are looked through for one message

// standard output is the protocol's; whatever else writes there goes to standard error
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (...args) => process.stderr.write(...args);
for (const level of ["log", "info", "debug", "warn"]) {
  console[level] = console.error;
}

// The SDK leaves some of its own promises unhandled; a browser only reports that, and so does this.
process.on("unhandledRejection", (error) => {
  console.error("unhandled in the SDK:", error.code, error.message);
});

function say(message) {
  write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
}

class Failure extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function load(name) {
  const folder = process.env.RECEIPTSPEC_NODE_MODULES;
  const places = [import.meta.url, ...(folder ? [path.join(path.resolve(folder), "x.js")] : [])];
  for (const place of places) {
    try {
      const module = createRequire(place)(name);
      return module.default ?? module;
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Failure(INTERNAL, `${name} is not installed: npm install in ${HERE}`);
}

let Chat; // the SDK
let chat; // this user's instance of it
let user = "";

// Do what the SDK may find too much in one second, again in the next, as an app would.
async function patiently(act) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (error.code !== TOO_OFTEN || attempt === TRIES) throw error;
      await pause(1000);
    }
  }
}

// --- messages ------------------------------------------------------------------------------

const isGroup = (message) => message.conversationType === Chat.TYPES.CONV_GROUP;

// What the server calls a one-to-one message.
const keyOf = (message) => `${message.sequence}_${message.random}_${message.time}`;

// What the suite is to know of a message: what names it, and what the server calls it.
function named(message) {
  const place = isGroup(message)
    ? { groupID: message.to, seq: message.sequence }
    : { userID: message.to, key: keyOf(message) };
  const { ID: msgID, from: sender, needReadReceipt } = message;
  return { msgID, sender, needReadReceipt, ...place };
}

// The SDK's receipt of a message; none where it has no values.
function receipt({ messageID, groupID, userID, readCount, unreadCount, isPeerRead, timestamp }) {
  if (readCount === undefined && unreadCount === undefined && isPeerRead === undefined) return [];
  const values = groupID ? { groupID, readCount, unreadCount } : { userID, isPeerRead, timestamp };
  return [{ msgID: messageID, ...values }];
}

function conversationOf(message) {
  if (message.groupID) return Chat.TYPES.CONV_GROUP + message.groupID;
  const other = message.sender === user ? message.userID : message.sender;
  return Chat.TYPES.CONV_C2C + other;
}

// Whether the SDK's message is the one that the suite names: by seq or key, if no SDK has sent it.
function isMeant(message, own) {
  if (message.msgID) return own.ID === message.msgID;
  return message.groupID ? own.sequence === message.seq : keyOf(own) === message.key;
}

// Return the SDK's own object of a message: one that it holds, else out of the history, as an app
// does that opens a conversation, else one that arrives. Null where there is no such message.
async function find(message) {
  const held = () => (message.msgID ? chat.findMessage(message.msgID) : null);
  const conversationID = conversationOf(message);
  const deadline = Date.now() + ARRIVAL_MS;
  while (!held()) {
    let from;
    for (let page = 0; page < PAGES; page += 1) {
      const start = from;
      const { data } = await patiently(() =>
        chat.getMessageList({ conversationID, nextReqMessageID: start }),
      );
      const own = data.messageList.find((one) => isMeant(message, one));
      if (own) return own;
      from = data.nextReqMessageID;
      if (data.isCompleted || !from || from === start) break;
    }
    if (Date.now() > deadline) return null;
    await pause(20);
  }
  return held();
}

async function findAll(messages) {
  const found = [];
  for (const message of messages) {
    const own = await find(message);
    if (own) found.push(own);
  }
  return found;
}

const unknown = () => new Failure(BAD_PARAMS, "the SDK has no such message");

// --- the protocol --------------------------------------------------------------------------

const methods = {
  async initialize({ sdkAppID, server }) {
    globalThis.WebSocket = load("ws");
    Chat = load("@tencentcloud/chat");
    const proxyServer = server.url.replace(/^http/, "ws");
    chat = Chat.create({ SDKAppID: sdkAppID, proxyServer });
    chat.setLogLevel(4);
    return { protocol: "1.1", sdk: { name: "@tencentcloud/chat", version: Chat.VERSION } };
  },

  async login({ userID, userSig }) {
    user = userID;
    chat.on(Chat.EVENT.MESSAGE_RECEIVED, ({ data }) => {
      for (const message of data) {
        if (message.type === Chat.TYPES.MSG_TEXT) {
          say({ method: "onRecvNewMessage", params: { message: named(message) } });
        }
      }
    });
    chat.on(Chat.EVENT.MESSAGE_READ_RECEIPT_RECEIVED, ({ data }) => {
      say({ method: "onRecvMessageReadReceipts", params: { receipts: data.flatMap(receipt) } });
    });
    const ready = new Promise((resolve, reject) => {
      chat.on(Chat.EVENT.SDK_READY, resolve);
      setTimeout(() => reject(new Failure(INTERNAL, "SDK_READY never came")), LOGIN_MS).unref();
    });
    await chat.login({ userID, userSig });
    await ready;
    return {};
  },

  async sendMessage({ message, groupID, userID }) {
    const wish = {
      to: groupID ?? userID,
      conversationType: groupID ? Chat.TYPES.CONV_GROUP : Chat.TYPES.CONV_C2C,
      payload: { text: message.text },
      needReadReceipt: message.needReadReceipt,
    };
    const { data } = await patiently(() => chat.sendMessage(chat.createTextMessage(wish)));
    return { message: named(data.message) };
  },

  async sendMessageReadReceipts({ messages }) {
    const found = await findAll(messages);
    if (messages.length && !found.length) throw unknown();
    await chat.sendMessageReadReceipt(found);
    return {};
  },

  async getMessageReadReceipts({ messages }) {
    const found = await findAll(messages);
    if (messages.length && !found.length) return { receipts: [] };
    const { data } = await chat.getMessageReadReceiptList(found);
    const receipts = data.messageList.flatMap((message) => {
      const place = isGroup(message) ? { groupID: message.to } : { userID: message.to };
      return receipt({ messageID: message.ID, ...place, ...message.readReceiptInfo });
    });
    return { receipts };
  },

  async getGroupMessageReadMemberList({ message, filter, nextSeq, count }) {
    const found = await find(message);
    if (!found) throw unknown();
    const cursor = nextSeq === 0 ? "" : nextSeq;
    const { data } = await chat.getGroupMessageReadMemberList({
      message: found,
      filter,
      cursor,
      count,
    });
    const names = filter === 0 ? data.readUserIDList : data.unreadUserIDList;
    return {
      members: names.map((userID) => ({ userID })),
      nextSeq: data.cursor,
      isFinished: data.isCompleted,
    };
  },

  async shutdown() {
    return {};
  },
};

async function answer({ id, method, params }) {
  if (!Object.hasOwn(methods, method)) {
    return { id, error: { code: NO_METHOD, message: `no method ${method}` } };
  }
  try {
    return { id, result: await methods[method](params ?? {}) };
  } catch (error) {
    const told = { code: error.code, message: String(error.message || "no text") };
    return { id, error: told };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const request = JSON.parse(line);
  say(await answer(request));
  if (request.method === "shutdown") break;
}
process.exit(0);
