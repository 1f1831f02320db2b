import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRandom } from "./random.ts";

/** Writes the sample series beside this file: `node samples/make-samples.ts`. Seeded, so the bytes never change. */
const DAY = 86_400_000;
const HOUR = 3_600_000;

write("warehouse-energy.csv", warehouseEnergy());
write("server-cpu.csv", serverCpu());
write("shipment-delay.csv", shipmentDelay());

/** kWh an hour over twelve weeks: days, weekends, a public holiday, a night left on, a surge, a row without a value. */
function warehouseEnergy(): string {
  const random = createRandom(1);
  const start = Date.UTC(2025, 2, 3);
  let drift = 0;
  const rows = Array.from({ length: 12 * 7 * 24 }, (_, i) => {
    const day = Math.floor(i / 24);
    const hour = i % 24;
    const busy = day % 7 < 5 && day !== 45;
    const shift = busy ? 60 * Math.exp(-(((hour - 13) / 4.5) ** 4)) : 6;
    drift = 0.95 * drift + 0.6 * random.normal();
    const surge = i === 24 * 24 + 15 ? 70 : 0;
    const leftOn = day === 66 && hour < 6 ? 45 : 0;
    const value = 38 + shift + drift + surge + leftOn + 1.5 * random.normal();
    const missing = i === 500;
    return `${toStamp(start + i * HOUR)},${missing ? "" : value.toFixed(1)}`;
  });
  return `${["timestamp,kwh", ...rows].join("\n")}\n`;
}

/** CPU % every five minutes over a week: noise, a spike, and a level that rises for a day and a half. */
function serverCpu(): string {
  const random = createRandom(2);
  const start = Date.UTC(2025, 5, 1) / 1000;
  const rows = Array.from({ length: 7 * 288 }, (_, i) => {
    const spike = i >= 700 && i < 703 ? 55 : 0;
    const level = i >= 1200 && i < 1632 ? 9 : 0;
    return `${start + i * 300},${(14 + level + spike + 0.6 * random.normal()).toFixed(2)}`;
  });
  return `${["epoch,cpu", ...rows].join("\n")}\n`;
}

/** Days of delay of shipments, irregular and by hand: CRLF, quotes, d-Mon-yy, a gap, a repeat, and a strike in May. */
function shipmentDelay(): string {
  const random = createRandom(3);
  const rows: string[] = [];
  for (
    let time = Date.UTC(2023, 0, 2);
    time < Date.UTC(2025, 0, 1);
    time += DAY * (1 + Math.floor(random.uniform() * 2))
  ) {
    if (time > Date.UTC(2023, 7, 1) && time < Date.UTC(2023, 7, 20)) continue;
    const strike = time >= Date.UTC(2024, 4, 6) && time < Date.UTC(2024, 4, 27) ? 14 : 0;
    const value = 3 + strike + 1.2 * random.normal();
    rows.push(`"${toDayMonth(time)}","Basel, CH",${value.toFixed(1)}`);
    if (rows.length === 100) rows.push(`"${toDayMonth(time)}","Basel, CH",${(value + 0.4).toFixed(1)}`);
  }
  return `${["Date,Site,Delay (days)", ...rows].join("\r\n")}\r\n`;
}

function toStamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

function toDayMonth(time: number): string {
  const [, day, month, year = ""] = new Date(time).toUTCString().split(" ");
  return `${Number(day)}-${month}-${year.slice(2)}`;
}

function write(name: string, text: string): void {
  writeFileSync(fileURLToPath(new URL(name, import.meta.url)), text);
}
