/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws what stands in #data. Names in it are anybody's: they become text, never
 * markup. null is unknown: a gap in a chart, "-" in a table, never 0.
 */
"use strict";

(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const total = data.totals[0];
const charts = {};
/* What works are told apart by: projects; a project's runs by user. */
const by = data.by || "project";

/* ---- numbers for people ---- */

function scaled(value, units, step) {
	let i = 0;
	while (i + 1 < units.length && Math.abs(value) >= step) {
		value /= step;
		i++;
	}
	const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return value.toFixed(digits) + " " + units[i];
}

const units = {
	kwh: v => Math.abs(v) < 1 ? scaled(v * 1000, ["Wh"], Infinity) : scaled(v, ["kWh", "MWh", "GWh"], 1000),
	hours: v => v.toLocaleString("en", { maximumFractionDigits: v < 100 ? 2 : 0 }) + " h",
	grams: v => scaled(v, ["g", "kg", "t"], 1000),
	ratio: v => (v * 100).toFixed(v > 0.9995 && v < 1 ? 2 : 1) + " %",
	money: v => v.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
	count: v => v.toLocaleString("en"),
	factor: v => v.toFixed(v < 10 ? 2 : 1) + "x",
};

function shown(value, unit) {
	return typeof value === "number" && isFinite(value) ? units[unit](value) : "-";
}

/* ---- elements ---- */

function element(tag, text, parent) {
	const e = document.createElement(tag);
	if (text !== undefined)
		e.textContent = text;
	if (parent)
		parent.appendChild(e);
	return e;
}

function say(id, text) {
	document.getElementById(id).textContent = text;
}

function table(id, titles, rows) {
	const t = element("table", undefined, document.getElementById(id));
	const head = element("tr", undefined, element("thead", undefined, t));
	for (const title of titles)
		element("th", title, head);
	const body = element("tbody", undefined, t);
	for (const row of rows) {
		const tr = element("tr", undefined, body);
		for (const cell of row)
			element("td", cell, tr).title = cell;
	}
}

function css(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* The same colour for the same name in all charts. */
const names = [];
function colour(name) {
	let i = names.indexOf(name);
	if (i < 0)
		i = names.push(name) - 1;
	const dark = matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
	return name === "others" ? css("--idle") :
		"hsl(" + (i * 137.508 + 190) % 360 + " 45% " + (dark ? 62 : 44) + "%)";
}

function chart(id, config, unit) {
	const options = config.options;
	options.animation = false;
	options.maintainAspectRatio = false;
	options.plugins = Object.assign({
		legend: { display: false, labels: { color: css("--text") } },
		tooltip: { callbacks: { label: item => {
			const name = item.dataset.label ? item.dataset.label + ": " : "";
			return name + shown(item.raw, unit);
		} } },
	}, options.plugins);
	for (const axis of Object.values(options.scales || {})) {
		axis.ticks = Object.assign({ color: css("--faint") }, axis.ticks);
		axis.grid = Object.assign({ color: css("--line") }, axis.grid);
		if (axis.title)
			axis.title.color = css("--faint");
	}
	charts[id] = new Chart(document.getElementById(id), config);
}

function short(name) {
	return name.length > 22 ? name.slice(0, 21) + "\u2026" : name;
}

/* ---- the parts ---- */

function drawTotals() {
	const t = total, parent = document.getElementById("totals");
	const figures = [
		["jobs", t.jobs, "count"], ["core-hours", t.core_hours, "hours"],
		["GPU-hours", t.gpu_hours, "hours"], ["energy, gated", t.energy_kwh, "kwh"],
		["coverage", t.coverage, "ratio"], ["CO2e", t.co2e_g, "grams"],
		["cost", t.cost, "money"], ["idle nodes", t.idle_kwh, "kwh"],
	];
	for (const [name, value, unit] of figures) {
		if (value === null || value === undefined)
			continue;
		const box = element("div", undefined, parent);
		element("div", shown(value, unit), box).className = "figure-value";
		element("div", name, box).className = "figure-name";
	}
}

function ranking(id, key, unit) {
	const rows = data.users.filter(u => typeof u[key] === "number")
		.sort((a, b) => (a.name === "others") - (b.name === "others") || b[key] - a[key]);
	chart(id, {
		type: "bar",
		data: { labels: rows.map(u => short(u.name)),
			datasets: [{ data: rows.map(u => u[key]), backgroundColor: rows.map(u => colour(u.name)) }] },
		options: { indexAxis: "y", scales: {
			x: { beginAtZero: true, ticks: { callback: v => shown(v, unit), maxTicksLimit: 5 } },
			y: { ticks: { autoSkip: false }, grid: { display: false } } } },
	}, unit);
	return rows;
}

function drawUsers() {
	const hours = ranking("by-core-hours", "core_hours", "hours");
	const energy = ranking("by-energy", "energy_kwh", "kwh");
	const height = Math.max(8, 3 + 1.6 * Math.max(hours.length, energy.length)) + "rem";
	for (const id of ["by-core-hours", "by-energy"])
		document.getElementById(id).parentNode.style.height = height;
	table("users-table",
	      ["user", "jobs", "core-hours", "rank", "energy", "rank", "BMC", "model", "coverage", "CO2e", "cost"],
	      data.users.map(u => [u.name, shown(u.jobs, "count"), shown(u.core_hours, "hours"),
		      u.name === "others" ? "-" : String(hours.indexOf(u) + 1 || "-"), shown(u.energy_kwh, "kwh"),
		      u.name === "others" ? "-" : String(energy.indexOf(u) + 1 || "-"), shown(u.bmc_kwh, "kwh"),
		      shown(u.model_kwh, "kwh"), shown(u.coverage, "ratio"), shown(u.co2e_g, "grams"),
		      shown(u.cost, "money")]));
}

/* Rows of { day, name, energy_kwh } -> a series for each name. */
function byTime() {
	const labels = Array.from(new Set(data.time.map(r => r.day))).sort();
	const byName = new Map();
	for (const r of data.time) {
		if (!byName.has(r.name))
			byName.set(r.name, new Array(labels.length).fill(null));
		byName.get(r.name)[labels.indexOf(r.day)] = r.energy_kwh;
	}
	const series = Array.from(byName, ([name, kwh]) => ({ name, kwh }));
	return { step: data.step, labels, series };
}

function drawTime() {
	const t = byTime();
	say("time-note", "Gated energy by " + by + " and " + t.step + " (UTC).");
	chart("over-time", {
		type: "bar",
		data: { labels: t.labels, datasets: t.series.map(s => ({
			label: short(s.name), data: s.kwh, backgroundColor: colour(s.name), stack: "all" })) },
		options: { plugins: { legend: { display: true, labels: { color: css("--text") } } },
			scales: { x: { stacked: true, grid: { display: false } },
				y: { stacked: true, beginAtZero: true, ticks: { callback: v => shown(v, "kwh") } } } },
	}, "kwh");
	table("time-table", [t.step].concat(t.series.map(s => s.name)),
	      t.labels.map((label, i) => [label].concat(t.series.map(s => shown(s.kwh[i], "kwh")))));
}

function drawMethods() {
	const rows = data.projects;
	const methods = [["gated", "energy_kwh", "--gated"], ["BMC", "bmc_kwh", "--bmc"], ["model", "model_kwh", "--model"]];
	chart("three-methods", {
		type: "bar",
		data: { labels: rows.map(p => short(p.name)), datasets: methods.map(([label, key, name]) => ({
			label, data: rows.map(p => p[key]), backgroundColor: css(name) })) },
		options: { plugins: { legend: { display: true, labels: { color: css("--text") } } },
			scales: { x: { grid: { display: false } },
				y: { beginAtZero: true, ticks: { callback: v => shown(v, "kwh") } } } },
	}, "kwh");
	table("methods-table", [by, "gated", "BMC", "model", "coverage"],
	      rows.map(p => [p.name].concat(methods.map(m => shown(p[m[1]], "kwh")), shown(p.coverage, "ratio"))));
}

function drawWhere() {
	const t = total;
	const parts = [["jobs", t.allocated_kwh, "--gated"], ["unallocated", t.unallocated_kwh, "--unallocated"],
		["idle nodes", t.idle_kwh, "--idle"]];
	if (parts.some(p => typeof p[1] !== "number")) {
		document.getElementById("where").hidden = true;
		document.getElementById("methods").className = "wide";
		return;
	}
	const sum = parts.reduce((s, p) => s + p[1], 0);
	say("where-note", "Of " + shown(sum, "kwh") + " that the nodes drew while they were measured" +
	    (typeof t.node_coverage === "number" ? " (" + shown(t.node_coverage, "ratio") + " of their time)" : "") + ".");
	chart("where-it-went", {
		type: "doughnut",
		data: { labels: parts.map(p => p[0]),
			datasets: [{ data: parts.map(p => p[1]), backgroundColor: parts.map(p => css(p[2])), borderWidth: 0 }] },
		options: { plugins: { legend: { display: true, position: "right", labels: { color: css("--text") } } } },
	}, "kwh");
	table("where-table", ["", "energy", "share"],
	      parts.map(p => [p[0], shown(p[1], "kwh"), sum > 0 ? shown(p[1] / sum, "ratio") : "-"]));
}

/* Three digits, and how it and the true factor go together. */
const signs = { "exact": "", "at least": "\u2265 ", "at most": "\u2264 ", "about": "\u2248 " };

function factorText(t) {
	return typeof t.factor === "number" ?
		(signs[t.factor_bound] || "") + t.factor.toFixed(t.factor >= 99.95 ? 0 : t.factor >= 9.995 ? 1 : 2) + "\u00d7" : "-";
}

function measured(coverage) {
	return typeof coverage === "number" ? shown(coverage, "ratio") + " of the time measured" : "coverage not known";
}

function trackNote(t) {
	const runs = n => shown(n, "count") + (n === 1 ? " run" : " runs");
	let text = runs(t.runs) + ", " + shown(t.failed_runs, "count") + " of them failed, drew " +
		shown(t.energy_kwh, "kwh") + " (" + measured(t.coverage) + "). ";
	if (t.unknown_runs)
		text += "Of " + runs(t.unknown_runs) + " the energy is not known, or not of all; what is not known is not counted. ";
	if (typeof t.best_id !== "number")
		return text + "The best run was not named, so that there is no factor.";
	text += "The best run (" + t.best_id + (t.best_name ? ", " + short(t.best_name) : "") + ") drew " +
		shown(t.best_kwh, "kwh") + " (" + measured(t.best_coverage) + "). ";
	return text + "A run is " + { job: "a job with all the times that it ran", instance: "one time that a job ran",
		array: "a job or all tasks of an array" }[t.run] + ".";
}

/* All runs as one bar of what is in it, above the best one. */
function drawTrack() {
	const t = (data.track || [])[0];
	if (!t)
		return;
	document.getElementById("track").hidden = false;
	say("track-note", trackNote(t));
	say("factor", factorText(t));
	document.getElementById("factor-box").hidden = typeof t.factor !== "number";
	const has = v => typeof v === "number";
	const failed = has(t.failed_kwh) ? t.failed_kwh : 0;
	const best = has(t.best_kwh) && t.best_state !== "failed" ? t.best_kwh : 0;
	/* what is not known is no part of its own */
	const sets = [["other runs", "--gated", [has(t.energy_kwh) ? Math.max(0, t.energy_kwh - failed - best) : null, null]]];
	if (has(t.failed_kwh))
		sets.unshift(["failed runs", "--bmc", [t.failed_kwh, null]]);
	if (has(t.best_kwh))
		sets.unshift(["best run", "--model", [best, t.best_kwh]]);
	chart("development", {
		type: "bar",
		data: { labels: has(t.best_kwh) ? ["all runs", "best run"] : ["all runs"], datasets: sets.map(([label, name, values]) => ({
			label, data: values, backgroundColor: css(name), stack: "all" })) },
		options: { indexAxis: "y", plugins: { legend: { display: true, labels: { color: css("--text") } } },
			scales: { x: { stacked: true, beginAtZero: true, ticks: { callback: v => shown(v, "kwh"), maxTicksLimit: 6 } },
				y: { stacked: true, grid: { display: false } } } },
	}, "kwh");
}

/* Of figures that are known: in the first unit of which there is one at least. */
function drawEquivalents() {
	const list = document.getElementById("equivalents-list");
	const all = JSON.parse(document.getElementById("equivalents-data").textContent);
	for (const e of all.equivalents) {
		if (typeof total[e.of] !== "number" || !(total[e.of] > 0))
			continue;
		const [unit, per] = e.units.find(u => total[e.of] / e.amount * u[1] >= 1) || e.units[e.units.length - 1];
		const v = total[e.of] / e.amount * per;
		const item = element("li", undefined, list);
		element("strong", (v >= 0.1 ? v.toLocaleString("en", { maximumSignificantDigits: 3 }) : v.toPrecision(2)) + " " + unit, item);
		element("span", " " + e.text + ". ", item);
		element("small", e.source, item);
	}
	document.getElementById("equivalents").hidden = !list.children.length;
}

function drawText() {
	say("period", data.from + " to " + data.to + ", made " + data.generated);
	say("sources", (data.notes || []).map(n => n.text).join(" "));
}

function draw() {
	for (const id of Object.keys(charts)) {
		charts[id].destroy();
		delete charts[id];
	}
	for (const id of ["totals", "users-table", "time-table", "methods-table", "where-table", "equivalents-list"])
		document.getElementById(id).replaceChildren();
	drawText();
	drawTotals();
	drawUsers();
	drawTime();
	drawMethods();
	drawWhere();
	drawTrack();
	drawEquivalents();
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
matchMedia("print").addEventListener("change", draw);
window.wattgate = { data, charts };
})();
