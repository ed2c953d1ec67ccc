# Turns suites of Swift Testing into plain Swift, which needs no macros. Lines stay where they are; after each suite follows a
# function that adds its cases to a list. The macros' stand-ins are in StandIns/Testing.swift.
#
#     awk -v folder=FOLDER -f plain-tests.awk FILE.swift…     writes FOLDER/FILE.swift… and FOLDER/Main.swift
#
# It expects what swift-format writes, at most one suite in a file, and of @Test's parameters only `arguments:` with one list
# for each parameter of the function.

function fail(message) {
  print FILENAME ":" FNR ": " message >"/dev/stderr"
  failed = 1
  exit 1
}

# How many more brackets a text opens than it closes.
function depth(text) { return gsub(/[([{]/, "", text) - gsub(/[])}]/, "", text) }

# Splits a text at the commas outside brackets; returns the number of parts.
function split_list(text, parts,    pieces, piece_count, count, i, part) {
  piece_count = split(text, pieces, ",")
  count = 0
  part = ""
  for (i = 1; i <= piece_count; i++) {
    part = part == "" ? pieces[i] : part "," pieces[i]
    if (depth(part) != 0) continue
    gsub(/^ +| +$/, "", part)
    if (part != "") parts[++count] = part
    part = ""
  }
  return count
}

# Loops over a test's arguments around a call of its function.
function add_test(attribute, signature,    name, parameters, values, labels, value_count, i, label, call, loops, ends) {
  name = parameters = signature
  sub(/^.*func /, "", name)
  sub(/\(.*/, "", name)
  sub(/^[^(]*\(/, "", parameters)
  sub(/\)[^)]*$/, "", parameters)
  value_count = 0
  if (attribute != "@Test") {
    if (attribute !~ /^@Test\( *arguments: .*\)$/) fail("no translation of " attribute)
    sub(/^@Test\( *arguments: /, "", attribute)
    sub(/\)$/, "", attribute)
    value_count = split_list(attribute, values)
  }
  if (split_list(parameters, labels) != value_count) fail("not one list for each parameter of " name)
  call = loops = ends = ""
  for (i = 1; i <= value_count; i++) {
    label = labels[i]
    sub(/[ :].*/, "", label)
    call = call (i > 1 ? ", " : "") (label == "_" ? "" : label ": ") "argument" i
    loops = loops "for argument" i " in (" values[i] ") { "
    ends = ends " }"
  }
  translated++
  tests = tests "    " loops "list.add(\"" suite "." name "\") { Self()." name "(" call ") }" ends "\n"
}

function end_file() {
  if (suite != "") {
    if (tests == "") fail("no tests in " suite)
    print "\nextension KernelTests." suite " {\n  static func addCases(to list: inout TestList) {\n" tests "  }\n}" >out
    calls = calls "  KernelTests." suite ".addCases(to: &list)\n"
  }
  if (out != "") close(out)
  suite = tests = state = ""
}

FNR == 1 {
  end_file()
  out = FILENAME
  sub(/.*\//, folder "/", out)
}

/@Suite/ {
  if ($0 ~ /struct/) {
    if (suite != "") fail("two suites")
    suite = $0
    sub(/.*struct /, "", suite)
    sub(/[ :].*/, "", suite)
  }
  sub(/@Suite(\([^)]*\))? /, "")
}

/@Test/ { found++ }

# An attribute stands on its own lines, or before `func`; the signature that follows may be on several lines, too.
/^ *@Test/ {
  state = "attribute"
  attribute = signature = ""
}
state == "attribute" {
  line = $0
  sub(/^ +/, "", line)
  if (line ~ /^(@Test )?func /) {
    if (line ~ /^@Test/) attribute = "@Test"
    sub(/@Test /, "")
    state = "signature"
  } else {
    attribute = attribute (attribute == "" ? "" : " ") line
    $0 = ""
  }
}
state == "signature" {
  signature = signature " " $0
  if ($0 ~ /\{$/) {
    sub(/ *\{$/, "", signature)
    add_test(attribute, signature)
    state = ""
  }
}

{
  gsub(/#expect\(/, "expect(")
  gsub(/#_sourceLocation/, "#line")
  # Embedded Swift has no key paths.
  while (match($0, /\\\.[A-Za-z.]+/)) {
    $0 = substr($0, 1, RSTART - 1) "{ $0" substr($0, RSTART + 1, RLENGTH - 1) " }" substr($0, RSTART + RLENGTH)
  }
  print >out
}

END {
  if (failed) exit 1
  end_file()
  if (found != translated) fail("translated " translated " of " found " tests")
  out = folder "/Main.swift"
  print "import Testing\n\n@_cdecl(\"main\")" >out
  print "func run(_ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>>) -> Int32 {" >out
  print "  var list = TestList()\n" calls "  return list.main(count > 1 ? String(cString: words[1]) : nil)\n}" >out
}
