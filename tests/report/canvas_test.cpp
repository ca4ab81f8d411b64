#include "report/canvas.hpp"

#include <string>

#include "support/catch.hpp"

using namespace scalar::report;

TEST_CASE("text becomes the content of an XML element", "[report]") {
  CHECK(escaped("a < b && \"c\" > 'd'") == "a &lt; b &amp;&amp; &quot;c&quot; &gt; 'd'");
  CHECK(escaped("]]>") == "]]&gt;");
  CHECK(escaped("Gr\u00f6\u00dfe \u65e5\u672c \U0001f600") == "Gr\u00f6\u00dfe \u65e5\u672c \U0001f600");
  CHECK(escaped("a\tb\nc\rd") == "a b c d");
  CHECK(escaped(std::string("a\0b\x1f", 4)) == "a\ufffdb\ufffd");
  CHECK(escaped("\xef\xbf\xbe") == "\ufffd");  // U+FFFE is no XML character
}

TEST_CASE("broken UTF-8 is replaced, byte by byte", "[report]") {
  CHECK(escaped("a\xff") == "a\ufffd");
  CHECK(escaped("\xc3") == "\ufffd");                                // cut
  CHECK(escaped("\xe2\x82") == "\ufffd\ufffd");                      // cut
  CHECK(escaped("\xc0\xaf") == "\ufffd\ufffd");                      // overlong
  CHECK(escaped("\xe0\x80\xaf") == "\ufffd\ufffd\ufffd");            // overlong
  CHECK(escaped("\xed\xa0\x80") == "\ufffd\ufffd\ufffd");            // a surrogate
  CHECK(escaped("\xf4\x90\x80\x80") == "\ufffd\ufffd\ufffd\ufffd");  // beyond U+10FFFF
  CHECK(escaped("\xf8\x88\x80\x80\x80").size() == 15);
}

TEST_CASE("text that is too long is cut between characters", "[report]") {
  CHECK(fitted("short", 100, 12) == "short");
  const std::string cut = fitted("a label that is much too long for its column", 120, 12);
  CHECK(cut.size() > 5);
  CHECK(cut.substr(cut.size() - 3) == "\u2026");
  CHECK(text_width(cut, 12) <= 120);
  CHECK(fitted("\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e", 40, 12) == "\u65e5\u672c\u2026");
  CHECK(fitted("anything", 0, 12) == "\u2026");
  CHECK(text_width("", 12) == 0);
}

TEST_CASE("cut text keeps its whole as a tooltip", "[report]") {
  Canvas canvas;
  canvas.text(1, 2, "<a label> that is too long", {.width = 60});
  CHECK(canvas.content().find("<title>&lt;a label&gt; that is too long</title></text>") != std::string::npos);
  Canvas whole;
  whole.text(1, 2, "short");
  CHECK(whole.content() == "<text x=\"1\" y=\"2\" font-size=\"12\" fill=\"#24292f\">short</text>\n");
}

TEST_CASE("numbers of shapes have at most two decimals and no negative zero", "[report]") {
  Canvas canvas;
  canvas.rect(-0.001, 1.0 / 3, 100.5, 2, "red");
  CHECK(canvas.content() == "<rect x=\"0\" y=\"0.33\" width=\"100.5\" height=\"2\" fill=\"red\"/>\n");
}
