/** Shows the rows that contain every typed word, and only a limited number of notable rows at a time. */
export const FILTER_SCRIPT = `
(() => {
  const input = document.getElementById('filter');
  const counter = document.getElementById('filter-count');
  const pager = document.getElementById('pager');
  if (!input || !counter || !pager) return;
  const [earlier, place, later] = ['earlier', 'page', 'later'].map((id) => document.getElementById(id));
  const perPage = 50;
  let first = 0;
  const rowsOf = (id) => [...document.querySelectorAll('#' + id + ' tbody tr')];
  // A notable row may also be in the sample.
  const distinct = (...lists) => new Set(lists.flat().map((row) => row.cells[0].textContent)).size;
  const apply = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const holds = (row) => { const text = row.textContent.toLowerCase(); return words.every((word) => text.includes(word)); };
    const [notable, sample] = [rowsOf('notable'), rowsOf('sample')];
    const [found, others] = [notable.filter(holds), sample.filter(holds)];
    if (first >= found.length) first = 0;
    const shown = new Set([...found.slice(first, first + perPage), ...others]);
    for (const row of [...notable, ...sample]) row.hidden = !shown.has(row);
    pager.hidden = found.length <= perPage;
    place.textContent = (first + 1) + ' to ' + Math.min(first + perPage, found.length) + ' of ' + found.length;
    earlier.disabled = first === 0;
    later.disabled = first + perPage >= found.length;
    counter.textContent = words.length === 0 ? '' : distinct(found, others) + ' of ' + distinct(notable, sample) + ' shown';
  };
  const turn = (rows) => () => { first = Math.max(0, first + rows); apply(); };
  earlier.addEventListener('click', turn(-perPage));
  later.addEventListener('click', turn(perPage));
  input.addEventListener('input', () => { first = 0; apply(); });
  document.addEventListener('refreshed', apply);
  input.closest('.filter').hidden = false;
  apply();
})();
`;

/** Applies changes from the server part by part, so that focus, filter and unfolded details stay. */
export const LIVE_SCRIPT = `
(() => {
  const button = document.getElementById('pause');
  if (!button) return;
  let paused = false;
  let timer;
  const isLive = (page) => page.documentElement.dataset.live === 'yes';
  const refresh = async () => {
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { cache: 'no-store' });
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    } catch { /* The host was stopped; it may come back. */ }
    next(Math.max(2000, 10 * (performance.now() - began)));
  };
  const take = (page) => {
    if (paused) return;
    for (const part of document.querySelectorAll('[data-part]')) {
      const now = page.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
    }
    document.title = page.title;
    document.documentElement.dataset.live = page.documentElement.dataset.live ?? 'no';
    document.dispatchEvent(new Event('refreshed'));
  };
  const next = (wait) => {
    clearTimeout(timer);
    if (!isLive(document)) button.hidden = true;
    else if (!paused) timer = setTimeout(refresh, wait);
  };
  button.addEventListener('click', () => {
    paused = !paused;
    button.textContent = paused ? 'Go on updating' : 'Pause updates';
    next(0);
  });
  button.hidden = !isLive(document);
  next(2000);
})();
`;
