;; Finds the ends of long texts and of lists of numbers in a JSON line, 16 or 64 bytes at a time. `byte-scanner.ts` copies a line
;; piece by piece to the start of the memory. Bytes behind a piece may be read, and may be anything.
;; After a change: npm run build:scanner
(module
  (memory (export "memory") 1)

  ;; Finds the closing quote of a text in [at, end).
  ;; Returns its position; -1 if JSON.stringify would write the text differently; -2 - p if the search must continue at p.
  (func (export "textEnd") (param $at i32) (param $end i32) (result i32)
    (local $bytes v128) (local $special i32) (local $byte i32) (local $next i32)
    (loop $search
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.sub (i32.const -2) (local.get $end)))))
      (local.set $bytes (v128.load (local.get $at)))
      ;; Control characters, quote, backslash, and the first bytes of line separators.
      (local.set $special (i8x16.bitmask
        (v128.or
          (v128.or
            (i8x16.lt_u (local.get $bytes) (i8x16.splat (i32.const 0x20)))
            (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22))))
          (v128.or
            (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))
            (v128.or
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0xc2)))
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0xe2))))))))
      (if (i32.eqz (local.get $special)) (then
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $search)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $special))))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.sub (i32.const -2) (local.get $end)))))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x22)) (then (return (local.get $at))))
      (if (i32.lt_u (local.get $byte) (i32.const 0x20)) (then (return (i32.const -1))))
      ;; An escape or a line separator has up to three bytes.
      (if (i32.gt_u (i32.add (local.get $at) (i32.const 3)) (local.get $end))
        (then (return (i32.sub (i32.const -2) (local.get $at)))))
      (local.set $next (i32.load8_u offset=1 (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x5c)) (then
        (if (i32.eqz (call $isEscaped (local.get $next))) (then (return (i32.const -1))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br $search)))
      (if (call $isLineSeparator (local.get $byte) (local.get $next) (i32.load8_u offset=2 (local.get $at)))
        (then (return (i32.const -1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $search))
    (unreachable))

  ;; True for the characters that JSON.stringify writes after a backslash: " \ b f n r t
  (func $isEscaped (param $byte i32) (result i32)
    (i32.or
      (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.eq (local.get $byte) (i32.const 0x5c)))
      (i32.or
        (i32.or (i32.eq (local.get $byte) (i32.const 0x62)) (i32.eq (local.get $byte) (i32.const 0x66)))
        (i32.or
          (i32.eq (local.get $byte) (i32.const 0x6e))
          (i32.or (i32.eq (local.get $byte) (i32.const 0x72)) (i32.eq (local.get $byte) (i32.const 0x74)))))))

  ;; True for U+0085 (c2 85), U+2028 (e2 80 a8) and U+2029 (e2 80 a9).
  (func $isLineSeparator (param $first i32) (param $second i32) (param $third i32) (result i32)
    (select
      (i32.eq (local.get $second) (i32.const 0x85))
      (i32.and
        (i32.eq (local.get $second) (i32.const 0x80))
        (i32.eq (i32.and (local.get $third) (i32.const 0xfe)) (i32.const 0xa8)))
      (i32.eq (local.get $first) (i32.const 0xc2))))

  ;; The bytes before the next block of 64, as bits 0 or 1. A list begins as after a comma.
  (global $afterDigit (mut i64) (i64.const 0))
  (global $afterComma (mut i64) (i64.const 1))
  (global $afterExponent (mut i64) (i64.const 0))
  (global $afterSpace (mut i64) (i64.const 0))
  ;; The last byte is a minus that begins a number, or a zero that does.
  (global $afterMinus (mut i64) (i64.const 0))
  (global $afterZero (mut i64) (i64.const 0))
  ;; The current number has a point and no exponent yet; it has an exponent.
  (global $inFraction (mut i64) (i64.const 0))
  (global $inExponent (mut i64) (i64.const 0))
  ;; The last byte is a space before a number, or behind one.
  (global $beforeNumber (mut i64) (i64.const 0))
  (global $behindNumber (mut i64) (i64.const 0))
  ;; Rare bytes of a block, found by $findRare: each bit is a byte.
  (global $spaces (mut i64) (i64.const 0))
  (global $pluses (mut i64) (i64.const 0))
  (global $exponents (mut i64) (i64.const 0))
  (global $brackets (mut i64) (i64.const 0))

  (func (export "startList")
    (global.set $afterDigit (i64.const 0))
    (global.set $afterComma (i64.const 1))
    (global.set $afterExponent (i64.const 0))
    (global.set $afterSpace (i64.const 0))
    (global.set $afterMinus (i64.const 0))
    (global.set $afterZero (i64.const 0))
    (global.set $inFraction (i64.const 0))
    (global.set $inExponent (i64.const 0))
    (global.set $beforeNumber (i64.const 0))
    (global.set $behindNumber (i64.const 0)))

  ;; Finds the bracket that closes a list of JSON numbers in [at, end). `end - at` is a multiple of 64 unless the line ends there.
  ;; Each kind of byte is a mask of 64 bits, and the rules are operations on masks: which kinds may follow which, and which may
  ;; occur once in a number.
  ;; Returns its position, which may be behind the line; -1 for anything else; -2 if the list continues.
  (func (export "listEnd") (param $at i32) (param $end i32) (result i32)
    (local $bytes v128) (local $kind v128) (local $known v128) (local $rest v128) (local $shift i64)
    (local $zeroByte v128) (local $ten v128) (local $point v128) (local $minus v128) (local $comma v128)
    (local $digits i64) (local $points i64) (local $minuses i64) (local $commas i64)
    (local $digits1 i64) (local $starts1 i64) (local $exponents1 i64) (local $spaces1 i64)
    (local $signs i64) (local $zeros i64) (local $marks i64) (local $wrong i64) (local $last i64)
    (local.set $zeroByte (i8x16.splat (i32.const 0x30)))
    (local.set $ten (i8x16.splat (i32.const 10)))
    (local.set $point (i8x16.splat (i32.const 0x2e)))
    (local.set $minus (i8x16.splat (i32.const 0x2d)))
    (local.set $comma (i8x16.splat (i32.const 0x2c)))
    (loop $block
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -2))))
      (local.set $digits (i64.const 0))
      (local.set $points (i64.const 0))
      (local.set $minuses (i64.const 0))
      (local.set $commas (i64.const 0))
      (local.set $rest (v128.const i64x2 0 0))
      (local.set $shift (i64.const 0))
      (loop $vector
        (local.set $bytes (v128.load (i32.add (local.get $at) (i32.wrap_i64 (local.get $shift)))))
        (local.set $known (i8x16.lt_u (i8x16.sub (local.get $bytes) (local.get $zeroByte)) (local.get $ten)))
        (local.set $digits (i64.or (local.get $digits)
          (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $known))) (local.get $shift))))
        (local.set $kind (i8x16.eq (local.get $bytes) (local.get $point)))
        (local.set $points (i64.or (local.get $points)
          (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $kind))) (local.get $shift))))
        (local.set $known (v128.or (local.get $known) (local.get $kind)))
        (local.set $kind (i8x16.eq (local.get $bytes) (local.get $minus)))
        (local.set $minuses (i64.or (local.get $minuses)
          (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $kind))) (local.get $shift))))
        (local.set $known (v128.or (local.get $known) (local.get $kind)))
        (local.set $kind (i8x16.eq (local.get $bytes) (local.get $comma)))
        (local.set $commas (i64.or (local.get $commas)
          (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $kind))) (local.get $shift))))
        (local.set $rest (v128.or (local.get $rest) (v128.not (v128.or (local.get $known) (local.get $kind)))))
        (local.set $shift (i64.add (local.get $shift) (i64.const 16)))
        (br_if $vector (i64.lt_u (local.get $shift) (i64.const 64))))
      (if (v128.any_true (local.get $rest))
        (then (call $findRare (local.get $at)))
        (else
          (global.set $spaces (i64.const 0)) (global.set $pluses (i64.const 0))
          (global.set $exponents (i64.const 0)) (global.set $brackets (i64.const 0))))

      ;; Which bytes follow which. `digits1` are the bytes after digits.
      (local.set $digits1 (i64.or (i64.shl (local.get $digits) (i64.const 1)) (global.get $afterDigit)))
      (local.set $exponents1 (i64.or (i64.shl (global.get $exponents) (i64.const 1)) (global.get $afterExponent)))
      (local.set $spaces1 (i64.or (i64.shl (global.get $spaces) (i64.const 1)) (global.get $afterSpace)))
      (local.set $starts1 (i64.or (local.get $spaces1)
        (i64.or (i64.shl (local.get $commas) (i64.const 1)) (global.get $afterComma))))
      (local.set $wrong
        (i64.or
          (i64.or
            (i64.and (i64.or (local.get $points) (global.get $exponents)) (i64.xor (local.get $digits1) (i64.const -1)))
            (i64.and (i64.or (local.get $commas) (global.get $brackets))
              (i64.xor (i64.or (local.get $digits1) (local.get $spaces1)) (i64.const -1))))
          (i64.or
            (i64.or
              (i64.and (global.get $pluses) (i64.xor (local.get $exponents1) (i64.const -1)))
              (i64.and (local.get $minuses)
                (i64.xor (i64.or (local.get $starts1) (local.get $exponents1)) (i64.const -1))))
            (i64.xor (i64.const -1)
              (i64.or
                (i64.or (i64.or (local.get $digits) (local.get $points)) (i64.or (local.get $minuses) (local.get $commas)))
                (i64.or (i64.or (global.get $spaces) (global.get $pluses))
                  (i64.or (global.get $exponents) (global.get $brackets))))))))
      (if (i32.eqz (i64.eqz (i64.or (global.get $spaces) (i64.or (global.get $beforeNumber) (global.get $behindNumber)))))
        (then (local.set $wrong (i64.or (local.get $wrong)
          (call $wrongSpaces (local.get $digits) (local.get $minuses) (local.get $commas) (local.get $digits1))))))

      ;; A sum with the bytes between two marks carries a bit from the one to the other. The mark after an exponent is a comma, and
      ;; that after a point is a comma or an exponent.
      (local.set $marks (i64.or (local.get $commas) (i64.or (local.get $points) (global.get $exponents))))
      (local.set $wrong (i64.or (local.get $wrong) (i64.and (local.get $marks)
        (i64.or
          (i64.and (i64.or (local.get $points) (global.get $exponents))
            (i64.add (i64.xor (local.get $marks) (i64.const -1))
              (i64.or (i64.shl (global.get $exponents) (i64.const 1)) (global.get $inExponent))))
          (i64.and (local.get $points)
            (i64.add (i64.xor (local.get $marks) (i64.const -1))
              (i64.or (i64.shl (local.get $points) (i64.const 1)) (global.get $inFraction))))))))

      ;; No digit follows a zero that begins a number.
      (local.set $signs (i64.and (local.get $minuses) (local.get $starts1)))
      (local.set $zeros (i64.and (local.get $digits) (i64.or (local.get $starts1)
        (i64.or (i64.shl (local.get $signs) (i64.const 1)) (global.get $afterMinus)))))
      (local.set $last (i64.and (local.get $digits)
        (i64.or (i64.shl (local.get $zeros) (i64.const 1)) (global.get $afterZero))))
      (if (i32.eqz (i64.eqz (i64.or (local.get $last) (i64.shr_u (local.get $zeros) (i64.const 63))))) (then
        (local.set $zeros (i64.and (local.get $zeros) (call $maskOf (local.get $at) (i32.const 0x30))))
        (local.set $wrong (i64.or (local.get $wrong) (i64.and (local.get $digits)
          (i64.or (i64.shl (local.get $zeros) (i64.const 1)) (global.get $afterZero)))))))

      (if (i32.eqz (i64.eqz (global.get $brackets))) (then
        ;; What is behind the first bracket does not count.
        (local.set $wrong (i64.and (local.get $wrong)
          (i64.xor (global.get $brackets) (i64.sub (global.get $brackets) (i64.const 1)))))
        (return (select
          (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (global.get $brackets))))
          (i32.const -1)
          (i64.eqz (local.get $wrong))))))
      (if (i32.eqz (i64.eqz (local.get $wrong))) (then (return (i32.const -1))))

      (global.set $afterDigit (i64.shr_u (local.get $digits) (i64.const 63)))
      (global.set $afterComma (i64.shr_u (local.get $commas) (i64.const 63)))
      (global.set $afterExponent (i64.shr_u (global.get $exponents) (i64.const 63)))
      (global.set $afterSpace (i64.shr_u (global.get $spaces) (i64.const 63)))
      (global.set $afterMinus (i64.shr_u (local.get $signs) (i64.const 63)))
      (global.set $afterZero (i64.shr_u (local.get $zeros) (i64.const 63)))
      (if (i32.eqz (i64.eqz (local.get $marks))) (then
        (local.set $last (i64.sub (i64.const 63) (i64.clz (local.get $marks))))
        (global.set $inExponent (i64.and (i64.shr_u (global.get $exponents) (local.get $last)) (i64.const 1)))
        (global.set $inFraction (i64.and (i64.shr_u (local.get $points) (local.get $last)) (i64.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br $block))
    (unreachable))

  ;; Finds the bytes of a block that most blocks do not have.
  (func $findRare (param $at i32)
    (global.set $spaces (call $maskOf (local.get $at) (i32.const 0x20)))
    (global.set $pluses (call $maskOf (local.get $at) (i32.const 0x2b)))
    (global.set $exponents (i64.or (call $maskOf (local.get $at) (i32.const 0x45)) (call $maskOf (local.get $at) (i32.const 0x65))))
    (global.set $brackets (call $maskOf (local.get $at) (i32.const 0x5d))))

  ;; The mask of one byte in a block.
  (func $maskOf (param $at i32) (param $byte i32) (result i64)
    (local $bytes v128)
    (local.set $bytes (i8x16.splat (local.get $byte)))
    (i64.or
      (i64.or
        (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (v128.load (local.get $at)))))
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (v128.load offset=16 (local.get $at)))))
          (i64.const 16)))
      (i64.or
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (v128.load offset=32 (local.get $at)))))
          (i64.const 32))
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (v128.load offset=48 (local.get $at)))))
          (i64.const 48)))))

  ;; The bytes after spaces that may not be there: after spaces behind a number only a comma or a bracket may be, and after others
  ;; only a number.
  (func $wrongSpaces (param $digits i64) (param $minuses i64) (param $commas i64) (param $digits1 i64) (result i64)
    (local $spaces i64) (local $ends i64) (local $wrong i64)
    (local.set $spaces (global.get $spaces))
    (local.set $ends (i64.add (local.get $spaces)
      (i64.or (i64.and (local.get $spaces) (local.get $digits1)) (global.get $behindNumber))))
    (local.set $wrong (i64.and (i64.and (local.get $ends) (i64.xor (local.get $spaces) (i64.const -1)))
      (i64.xor (i64.or (local.get $commas) (global.get $brackets)) (i64.const -1))))
    (global.set $behindNumber (i64.extend_i32_u (i64.lt_u (local.get $ends) (local.get $spaces))))
    (local.set $ends (i64.add (local.get $spaces)
      (i64.or
        (i64.and (local.get $spaces) (i64.or (i64.shl (local.get $commas) (i64.const 1)) (global.get $afterComma)))
        (global.get $beforeNumber))))
    (global.set $beforeNumber (i64.extend_i32_u (i64.lt_u (local.get $ends) (local.get $spaces))))
    ;; A space follows a digit, a comma or a space.
    (i64.or
      (i64.or (local.get $wrong)
        (i64.and (i64.and (local.get $ends) (i64.xor (local.get $spaces) (i64.const -1)))
          (i64.xor (i64.or (local.get $digits) (local.get $minuses)) (i64.const -1))))
      (i64.and (local.get $spaces)
        (i64.xor (i64.const -1)
          (i64.or (local.get $digits1)
            (i64.or
              (i64.or (i64.shl (local.get $commas) (i64.const 1)) (global.get $afterComma))
              (i64.or (i64.shl (local.get $spaces) (i64.const 1)) (global.get $afterSpace))))))))
)
