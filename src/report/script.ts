/** Shows the rows of the sample that hold every word typed. */
export const FILTER_SCRIPT = `
(() => {
  const input = document.getElementById('filter');
  const told = document.getElementById('filter-count');
  if (!input || !told) return;
  const apply = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const rows = document.querySelectorAll('#sample tbody tr');
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    told.textContent = words.length === 0 ? '' : shown + ' of ' + rows.length + ' shown';
  };
  input.addEventListener('input', apply);
  document.addEventListener('refreshed', apply);
  input.closest('.filter').hidden = false;
  apply();
})();
`;

/** Takes over what has changed on the server, part by part, so that focus, filter and what is unfolded stay. */
export const LIVE_SCRIPT = `
(() => {
  const button = document.getElementById('pause');
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
