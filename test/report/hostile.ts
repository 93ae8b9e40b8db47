/** Texts that run a script or change the page if it does not escape them. The scripts set `window.pwned`. */
export const HOSTILE_TEXTS = [
  '<script>window.pwned = 1</script>',
  '</script><script>window.pwned = 2</script>',
  '"><img src=x onerror="window.pwned = 3">',
  "'><svg onload='window.pwned = 4'>",
  '<!-- --!><script>window.pwned = 5</script>',
  '</style><style>body{display:none}</style>',
  '</title><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
  '<iframe srcdoc="<script>parent.pwned = 6</script>"></iframe>',
  '<base href="http://127.0.0.1:9/"><link rel=stylesheet href="http://127.0.0.1:9/x.css">',
  '<a href="javascript:window.pwned = 7">link</a><form action="http://127.0.0.1:9/"><button>send</button></form>',
  '&lt;script&gt;window.pwned = 8&lt;/script&gt; &#60;img src=x onerror=window.pwned=9&#62;',
  '${window.pwned = 10}`{{constructor.constructor("window.pwned = 11")()}}',
  'line\u2028separator\u2029and \u202Eright to left\u202C, \u2066isolate\u2069, \u0000nul, \u001B[31mescape, \uFEFFmark',
  'a lone \uD800 surrogate, and \uDFFF another',
  '<plaintext><textarea><noscript><template><xmp>',
  ']]><![CDATA[<script>window.pwned = 12</script>]]>',
] as const;
