/** The only style of the pages. Colours have a contrast of at least 4.5 with their background, in light and dark mode. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --panel: #ffffff; --line: #dfe1e5; --soft: #eef0f3;
  --ink: #1b1e23; --muted: #565d68; --link: #1a56b0;
  --ok: #157347; --failed: #b42318; --exhausted: #94560a; --invalid_output: #0b6e75; --invalid: #6b4fa0; --open: #5f6774;
  --round1: #2f6fb7; --round2: #c2700f; --round3: #9a4fb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121417; --panel: #191c20; --line: #343940; --soft: #24282e;
    --ink: #e9ebee; --muted: #a5acb8; --link: #8ab8f5;
    --ok: #5bc990; --failed: #ff8f84; --exhausted: #e9b05a; --invalid_output: #5cc8cf; --invalid: #bfa6f2; --open: #9aa3b1;
    --round1: #6aa9ee; --round2: #eda24a; --round3: #cc8de0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Open Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--muted); font-size: .87rem; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .9rem; font-size: 1.05rem; font-weight: 650; letter-spacing: -.005em; }
p { margin: 0; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, input:focus-visible, select:focus-visible, textarea:focus-visible, button:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px;
}
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .6rem; background: var(--panel); padding: .3rem .6rem; }
.eyebrow { color: var(--muted); font-size: .87rem; margin-bottom: .3rem; }
.state { display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: baseline; margin-top: .6rem; color: var(--muted); }
.badge { font-weight: 650; white-space: nowrap; color: var(--open); }
.badge::before {
  content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .45em; border-radius: 50%; background: currentColor;
}
.ok, .succeeded { color: var(--ok); }
.failed { color: var(--failed); }
.partial, .exhausted, .cancelled, .cancelling, .waiting { color: var(--exhausted); }
.invalid { color: var(--invalid); }
.invalid_output { color: var(--invalid_output); }
.truncated, .refused { color: var(--exhausted); }
.running { color: var(--round1); }
dl.facts { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 1.4rem 0 0; }
dl.facts div { min-width: 0; }
dt { color: var(--muted); font-size: .87rem; }
dd { margin: 0; overflow-wrap: anywhere; }
section { margin-top: 2.6rem; }
h3 { margin: 1.4rem 0 .5rem; font-size: .95rem; font-weight: 650; }
.lead { margin-top: 1.6rem; font-size: 1.1rem; max-width: 44rem; }
dl.texts, dl.meanings { margin: 0; }
dl.texts div + div, dl.meanings { margin-top: .9rem; }
dl.meanings div { margin-top: .4rem; }
dl.meanings dt { display: inline; font-weight: 600; }
dl.meanings dd { display: inline; margin-left: .4em; }
.asked { color: var(--muted); }
.share { margin-top: .3rem; max-width: 18rem; }
table + table { margin-top: 1.4rem; }
.note + .note, .scroll + .note { margin-top: .4rem; }
#plan { margin-top: .6rem; }
#plan + table { margin-top: 1.2rem; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin-top: .8rem; }
.fields { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .5rem 1rem; align-items: center; margin: .8rem 0; }
.fields input, .fields select, .fields textarea { max-width: 100%; width: 100%; }
#new.over { outline: 2px dashed var(--link); outline-offset: 6px; }
#planned { margin: .8rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
#planned:empty { display: none; }
.states { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin-bottom: .8rem; }
.states [aria-current] { color: var(--ink); font-weight: 650; text-decoration: none; }
.pager { display: flex; flex-wrap: wrap; gap: .4rem .75rem; align-items: center; margin-top: .8rem; }
.pager[hidden] { display: none; }
button:disabled { color: var(--muted); border-color: var(--line); }
.notice { margin-top: 1.6rem; padding: .9rem 1.1rem; background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--failed); border-radius: 4px; overflow-wrap: anywhere; }
.notice h2 { margin-bottom: .3rem; color: var(--failed); }
.notice p + p { margin-top: .5rem; color: var(--muted); }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: 1rem; margin: 1rem 0 0; }
dl.tiles div { display: flex; flex-direction: column-reverse; }
dl.tiles dd { font-size: 1.5rem; line-height: 1.2; font-weight: 600; letter-spacing: -.02em; }
dl.tiles .small dd { font-size: 1.15rem; }
dl.tiles .zero dd { color: var(--muted); font-weight: 400; }
figure { margin: 0; }
figcaption, caption, .note { color: var(--muted); font-size: .87rem; }
figcaption { margin-top: .5rem; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 0 0 .5rem; padding: 0; list-style: none; color: var(--muted); font-size: .87rem; }
.key li::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .4em; border-radius: 2px; background: var(--fill); }
.k1 { --fill: var(--round1); } .k2 { --fill: var(--round2); } .k3 { --fill: var(--round3); }
svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--muted); font-size: 12px; }
.bar-ok { fill: var(--ok); } .bar-failed { fill: var(--failed); } .bar-exhausted { fill: var(--exhausted); }
.bar-invalid_output { fill: var(--invalid_output); }
.bar-invalid { fill: var(--invalid); } .bar-rest { fill: var(--soft); }
.r1 { fill: var(--round1); } .r2 { fill: var(--round2); } .r3 { fill: var(--round3); }
.still { fill-opacity: .55; }
.grid { stroke: var(--line); stroke-width: 1; }
.lane { fill: var(--soft); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { padding: .45rem 1rem .45rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-size: .87rem; font-weight: 500; color: var(--muted); white-space: nowrap; }
tbody th { font-weight: 500; overflow-wrap: anywhere; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.words { overflow-wrap: anywhere; white-space: pre-line; unicode-bidi: isolate; }
bdi { overflow-wrap: anywhere; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .93em; }
.row-id { width: 28%; min-width: 7rem; }
.row-id span { display: inline-block; margin-left: .35em; font-size: .87rem; font-weight: 400; }
#batches .words, #open .words { white-space: nowrap; }
#usage tbody th { min-width: 9rem; }
.filter { display: flex; flex-wrap: wrap; gap: .4rem .75rem; align-items: center; margin-bottom: .8rem; }
.filter[hidden], tr[hidden] { display: none; }
input, button, select, textarea {
  font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--muted); border-radius: 4px; padding: .35rem .65rem; min-height: 2.5rem;
}
input { flex: 1 1 14rem; max-width: 24rem; min-width: 0; }
#pause { margin-top: .8rem; color: var(--ink); }
#jobs { margin-top: 1.8rem; }
#more { margin-top: 1rem; }
details { margin-top: .9rem; }
summary { cursor: pointer; color: var(--link); width: fit-content; }
details[open] summary { margin-bottom: .7rem; }
ul.files { list-style: none; margin: 0; padding: 0; }
ul.files li { padding: .4rem 0; border-bottom: 1px solid var(--line); }
ul.files span { color: var(--muted); }
@media (max-width: 34rem) {
  table.rows thead { position: absolute; left: -100vw; }
  table.rows tr:not([hidden]), table.rows th, table.rows td { display: block; width: auto; }
  table.rows tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  table.rows th, table.rows td { border: 0; padding: .15rem 0; }
  header { padding-top: 1.5rem; }
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  th, td { padding-right: .7rem; }
  h1 { font-size: 1.35rem; }
}
@media print { .filter, .skip { display: none; } body { background: none; } }
`;
