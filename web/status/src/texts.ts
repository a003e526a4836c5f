/** The words of the page in each language. やさしい日本語 is for children, elders and those who learn Japanese. */

import type { Units } from "./duration.ts";

export const languages = ["ja", "easy", "en"] as const;
export type Language = (typeof languages)[number];

export interface Texts {
  languageName: string;
  html: string;
  title: string;
  skip: string;
  languageLabel: string;
  lead: string;
  state: string;
  running: string;
  noAnswer: string;
  reading: string;
  version: string;
  uptime: string;
  units: Units;
  data: string;
  tenant: string;
  tenantHelp: string;
  show: string;
  caption: (tenant: string) => string;
  type: string;
  entities: string;
  attributes: string;
  total: string;
  empty: string;
  emptyNext: string;
  more: (shown: number, total: number) => string;
  failure: string;
  failureNext: string;
  failureCode: (status: number) => string;
  reload: string;
  updated: (time: string) => string;
  openNote: string;
}

const ja: Texts = {
  languageName: "日本語",
  html: "ja",
  title: "動作状況",
  skip: "本文へ進む",
  languageLabel: "表示する言語",
  lead: "この Machi が動いているか、どのようなデータが入っているかを確かめる画面です。",
  state: "状態",
  running: "動いています",
  noAnswer: "応答がありません",
  reading: "読み込んでいます",
  version: "バージョン",
  uptime: "連続稼働時間",
  units: { day: "日", hour: "時間", minute: "分", second: "秒", gap: "" },
  data: "データ",
  tenant: "テナント（Fiware-Service）",
  tenantHelp: "空欄のときは、既定のテナントを表示します。",
  show: "データを表示する",
  caption: (tenant) => (tenant === "" ? "既定のテナントのデータ" : `テナント「${tenant}」のデータ`),
  type: "エンティティの型",
  entities: "件数",
  attributes: "属性の数",
  total: "合計",
  empty: "このテナントには、まだデータがありません。",
  emptyNext: "machi import でファイルを取り込むか、POST /v2/entities で登録してください。",
  more: (shown, total) => `${total} 種類のうち、はじめの ${shown} 種類を表示しています。`,
  failure: "データを読み込めませんでした",
  failureNext: "しばらく待ってから「最新の状態にする」を押してください。続くときは、管理者へ知らせてください。",
  failureCode: (status) => `サーバーの応答：${status}`,
  reload: "最新の状態にする",
  updated: (time) => `${time} 現在`,
  openNote: "型の名前を押すと、データ（JSON）を表示します。",
};

const easy: Texts = {
  ...ja,
  languageName: "やさしい日本語",
  title: "いまの ようす",
  skip: "ないようへ すすむ",
  languageLabel: "ことばを えらぶ",
  lead: "Machi が うごいているか、どんな データが あるかを 見る ページです。",
  state: "ようす",
  running: "うごいています",
  noAnswer: "こたえが ありません",
  reading: "よんでいます",
  version: "バージョン",
  uptime: "うごいている 時間",
  units: { day: "日", hour: "時間", minute: "分", second: "秒", gap: " " },
  tenant: "グループの 名前（Fiware-Service）",
  tenantHelp: "書かないときは、はじめの グループを 見せます。",
  show: "データを 見る",
  caption: (tenant) => (tenant === "" ? "はじめの グループの データ" : `「${tenant}」の データ`),
  type: "データの しゅるい",
  entities: "かず",
  attributes: "こうもくの かず",
  total: "ぜんぶ",
  empty: "データは まだ ありません。",
  emptyNext: "machi import で ファイルを 入れてください。",
  more: (shown, total) => `${total} しゅるいの なかの ${shown} しゅるいを 見せています。`,
  failure: "データを よむことが できませんでした",
  failureNext: "すこし 待って、「あたらしくする」を おしてください。なおらないときは、かんりする人に 言ってください。",
  failureCode: (status) => `サーバーの こたえ：${status}`,
  reload: "あたらしくする",
  updated: (time) => `${time} の ようす`,
  openNote: "しゅるいの 名前を おすと、データ（JSON）を 見ることが できます。",
};

const en: Texts = {
  languageName: "English",
  html: "en",
  title: "Status",
  skip: "Skip to content",
  languageLabel: "Language",
  lead: "Shows whether this Machi is running and what data it holds.",
  state: "State",
  running: "Running",
  noAnswer: "No answer",
  reading: "Loading",
  version: "Version",
  uptime: "Up for",
  units: { day: " d", hour: " h", minute: " min", second: " s", gap: " " },
  data: "Data",
  tenant: "Tenant (Fiware-Service)",
  tenantHelp: "Leave empty for the default tenant.",
  show: "Show data",
  caption: (tenant) => (tenant === "" ? "Data of the default tenant" : `Data of tenant “${tenant}”`),
  type: "Entity type",
  entities: "Entities",
  attributes: "Attributes",
  total: "Total",
  empty: "This tenant holds no data yet.",
  emptyNext: "Import a file with machi import, or create an entity with POST /v2/entities.",
  more: (shown, total) => `Showing the first ${shown} of ${total} types.`,
  failure: "The data could not be read",
  failureNext: "Wait a moment and press “Refresh”. If it goes on, tell the operator.",
  failureCode: (status) => `The server answered ${status}`,
  reload: "Refresh",
  updated: (time) => `As of ${time}`,
  openNote: "A type's name opens its data as JSON.",
};

export const texts: Record<Language, Texts> = { ja, easy, en };
