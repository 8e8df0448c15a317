/** The page's words in both languages. */

const WORDS = {
  en: {
    portals: "Portals", portal: "Portal", language: "Language", records: "Records", search: "Search", add: "Add",
    name: "Name", about: "About it", actions: "Actions", limits: "Limits and delays", faults: "Make it fail",
    calls: "Latest calls", save: "Save", cancel: "Cancel", edit: "Edit", remove: "Delete", plan: "Plan it",
    clear: "Remove all", set: "Set", none: "none", kind: "What happens", method: "Method", any: "any call",
    times: "Times (empty: until removed)", after: "Calls to spare first", inside: "Only one command of a batch",
    local: "A local stand-in for Bitrix24. Nothing leaves this machine.", sure: "Delete it?", saved: "Saved.",
    rate: "Requests a second (empty: no limit)", burst: "Burst", latency: "Seconds a request",
    command_latency: "Seconds a command", operating_limit: "Operating seconds in 10 minutes (empty: no limit)",
    event_delay: "Seconds until an event is told", event_drop_percent: "Events lost, %",
    shown: (found, most) => found > most ? `${most} newest of ${found}` : `${found} found`,
    figures: (f) => `${f.requests} requests, ${f.commands} commands, ${f.rejections} over the bucket, ${f.blocked} over the operating time, ${f.cut} cut`,
    left: (fault) => fault.times === null ? "until removed" : `${fault.times} more`,
    applied: "done", not_applied: "not done", no_answer: "no answer", unreachable: "The sandbox cannot be reached.",
    kinds: {
      2: "Deals", 3: "Contacts", 4: "Companies",
    },
    fault: {
      bucket: "503 too many requests", operating: "429 operating time", overload: "503 blocked by support",
      credentials: "401 wrong credentials", zero: "400 with the number 0 as its code", internal: "500, nothing done", internal_applied: "500, but done",
      html: "502 page, nothing done", html_applied: "502 page, but done", reset: "Connection closed, nothing done",
      lost_answer: "Done, the answer is lost", timeout: "No answer, nothing done", timeout_applied: "No answer, but done",
      malformed: "Done, broken JSON", empty: "Done, empty answer", renamed: "302 to another address",
      skipped: "One command left out", slow: "Done, answered late",
    },
  },
  ru: {
    portals: "Порталы", portal: "Портал", language: "Язык", records: "Записи", search: "Поиск", add: "Добавить",
    name: "Название", about: "Подробности", actions: "Действия", limits: "Лимиты и задержки", faults: "Сбои по заказу",
    calls: "Последние вызовы", save: "Сохранить", cancel: "Отмена", edit: "Изменить", remove: "Удалить", plan: "Запланировать",
    clear: "Убрать все", set: "Задать", none: "нет", kind: "Что случится", method: "Метод", any: "любой вызов",
    times: "Сколько раз (пусто: пока не убрать)", after: "Сколько вызовов пропустить", inside: "Только одна команда пакета",
    local: "Местная замена Битрикс24. Ничто не покидает этот компьютер.", sure: "Удалить?", saved: "Сохранено.",
    rate: "Запросов в секунду (пусто: без лимита)", burst: "Запас", latency: "Секунд на запрос",
    command_latency: "Секунд на команду", operating_limit: "Секунд работы метода за 10 минут (пусто: без лимита)",
    event_delay: "Секунд до отправки события", event_drop_percent: "Потерянных событий, %",
    shown: (found, most) => found > most ? `${most} новейших из ${found}` : `Найдено: ${found}`,
    figures: (f) => `Запросов: ${f.requests}, команд: ${f.commands}, отказов по частоте: ${f.rejections}, по времени работы: ${f.blocked}, оборвано: ${f.cut}`,
    left: (fault) => fault.times === null ? "пока не убрать" : `осталось раз: ${fault.times}`,
    applied: "сделано", not_applied: "не сделано", no_answer: "без ответа", unreachable: "Песочница недоступна.",
    kinds: {
      2: "Сделки", 3: "Контакты", 4: "Компании",
    },
    fault: {
      bucket: "503: слишком часто", operating: "429: время работы метода", overload: "503: заблокировано поддержкой",
      credentials: "401: неверные данные доступа", zero: "400 с числом 0 вместо кода", internal: "500, не сделано", internal_applied: "500, но сделано",
      html: "Страница 502, не сделано", html_applied: "Страница 502, но сделано", reset: "Обрыв связи, не сделано",
      lost_answer: "Сделано, ответ потерян", timeout: "Нет ответа, не сделано", timeout_applied: "Нет ответа, но сделано",
      malformed: "Сделано, испорченный JSON", empty: "Сделано, пустой ответ", renamed: "302 на другой адрес",
      skipped: "Одна команда пропущена", slow: "Сделано, ответ с опозданием",
    },
  },
};

const KEY = "portals-language";

export const words = { now: WORDS.en, language: "en" };

export function chooseLanguage(wanted) {
  words.language = wanted in WORDS ? wanted : "en";
  words.now = WORDS[words.language];
  localStorage.setItem(KEY, words.language);
  document.documentElement.lang = words.language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = words.now[node.dataset.word];
}

export function firstLanguage() {
  return localStorage.getItem(KEY) ?? (navigator.language.startsWith("ru") ? "ru" : "en");
}
