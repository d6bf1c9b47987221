/*
 * The page in a browser: what is in the document, that nothing is asked for, that the console is silent; and pictures
 * of it for whoever wants to look (light, dark, phone, print), in the folder that DOORBELL_SCREENSHOTS names.
 */
#include "tests/cli/process.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>

namespace
{

const std::string source = DOORBELL_SOURCE_DIR;

/** Runs a command line. @return what it prints, errors too */
std::string run(const std::string &command, int *status = nullptr)
{
    FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    std::string text;
    char buffer[4096];

    for (size_t got = fread(buffer, 1, sizeof(buffer), pipe); got > 0; got = fread(buffer, 1, sizeof(buffer), pipe)) {
        text.append(buffer, got);
    }
    const int ended = pclose(pipe);

    if (status != nullptr) {
        *status = WEXITSTATUS(ended);
    }
    return text;
}

/** The browser; empty if none is installed. */
std::string browser()
{
    for (const char *name : {"chromium-headless-shell", "chromium", "google-chrome"}) {
        int status = 1;

        run(std::string("command -v ") + name, &status);
        if (status == 0) {
            return std::string(name) + " --headless --no-sandbox --disable-gpu --disable-background-networking ";
        }
    }
    return "";
}

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

class Browser : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        if (browser().empty()) {
            GTEST_SKIP() << "no Chromium is installed (chromium-headless-shell)";
        }
        ASSERT_NO_FATAL_FAILURE(make("two-its-split"));
    }

    /** Makes the page of a seed. */
    void make(const std::string &seed)
    {
        const std::string result = folder_.path("r.json");
        const std::string scenario = source + "/scenarios/seeds/" + seed + ".yaml";

        ASSERT_EQ(cli_test::doorbell({"run", scenario, "--occupancy", "--json", "-o", result}).status, 0);
        ASSERT_EQ(cli_test::doorbell({"report", result, "-o", page()}).status, 0);
    }

    /** Makes the page of a sweep of eight points, over which assumptions differ. */
    void make_sweep()
    {
        const std::string scenario = folder_.path("sweep.yaml");
        const std::string results = folder_.path("sweep.sqlite");

        std::ofstream(scenario) << "doorbell: 1\nbase: " << source << "/scenarios/seeds/two-its-split.yaml\n"
                                << "title: Access control against the interconnect's latency\n"
                                << "sweep:\n  replications: 2\n  axes:\n"
                                << "    - { key: pcie.rc0.root-ports.rp0.acs, values: [none, full] }\n"
                                << "    - { key: interconnect.latency, from: 10 ns, to: 1000 ns, steps: 4, scale: log "
                                   "}\n";
        /* What the reference topology expects of doorbells is not met where ACS is on. */
        ASSERT_EQ(cli_test::doorbell({"sweep", scenario, "-j", "2", "-d", results}).status, 1);
        ASSERT_EQ(cli_test::doorbell({"report", results, "-o", page()}).status, 0);
    }

    /** The document as the browser has it; its console says nothing. */
    std::string silent_dom() const
    {
        const std::string said = run(browser() + "--enable-logging=stderr --v=0 --dump-dom 'file://" + page() + "' > " +
                                     folder_.path("dom"));
        const std::string dom = read_file(folder_.path("dom"));

        EXPECT_EQ(said.find("CONSOLE"), std::string::npos) << said;
        EXPECT_EQ(dom.find("CONSOLE"), std::string::npos) << dom.substr(0, 2000);
        return dom;
    }

    /** Requests are logged with the document that started them; the browser's own have none. */
    void expect_no_requests() const
    {
        const std::string log = folder_.path("net.json");

        run(browser() + "--log-net-log=" + log + " --net-log-capture-mode=Everything --dump-dom 'file://" + page() +
            "' > /dev/null");
        const std::string text = read_file(log);

        ASSERT_FALSE(text.empty());
        EXPECT_EQ(text.find("\"initiator\":\"file://"), std::string::npos);
        EXPECT_EQ(text.find("\"initiator\":\"null"), std::string::npos);
    }

    std::string page() const
    {
        return folder_.path("page.html");
    }

    /** Takes pictures of the page, whose names begin with @p name. */
    void take_pictures(const std::string &folder, const std::string &name) const
    {
        const std::string to = folder + name;
        const std::string url = " 'file://" + page() + "'";

        run(browser() + "--hide-scrollbars --window-size=1200,6200 --screenshot=" + to + "-light.png" + url);
        run(browser() + "--hide-scrollbars --window-size=1200,6200 --blink-settings=preferredColorScheme=0 " +
            "--screenshot=" + to + "-dark.png" + url);
        run(browser() + "--hide-scrollbars --window-size=390,9000 --screenshot=" + to + "-phone.png" + url);
        run(browser() + "--print-to-pdf=" + to + "-print.pdf" + url);
        for (const char *end : {"-light.png", "-dark.png", "-phone.png", "-print.pdf"}) {
            std::error_code error;

            EXPECT_GT(std::filesystem::file_size(to + end, error), 10000u) << to << end;
        }
    }

    cli_test::Folder folder_;
};

TEST_F(Browser, HasTheWholePageWithoutAWordInItsConsole)
{
    const std::string dom = silent_dom();

    for (const char *part :
         {"doorbell-per-group", "Why they are one group", "The ways of the interrupts that violate", "Histogram of epA",
          "<svg", "epA", "epB", "385.6 ns", "The same as a tree", "How full what was, over time", "</html>"}) {
        EXPECT_NE(dom.find(part), std::string::npos) << part;
    }
}

TEST_F(Browser, AsksForNothingButThePage)
{
    expect_no_requests();
}

/** What a script finds in the page at a width: the page's own policy allows none, so it runs in one around it. */
std::string ask(const std::string &folder, const std::string &page, unsigned width, const std::string &script)
{
    std::ofstream(folder + "frame.html") << "<!DOCTYPE html><title>t</title><iframe id=f style=\"width:" << width
                                         << "px;height:3000px;border:0\" src=\"file://" << page
                                         << "\"></iframe><p id=answer></p><script>onload = () => { const frame = "
                                            "document.getElementById('f'); const page = frame.contentDocument; const "
                                            "view = frame.contentWindow; document.getElementById('answer').textContent "
                                            "= 'answer ' + ("
                                         << script << ") + ' end'; }</script>";
    const std::string dom =
        run(browser() + "--allow-file-access-from-files --window-size=1600,3200 --dump-dom 'file://" + folder +
            "frame.html'");
    const size_t from = dom.find(">answer ");

    return from == std::string::npos ? dom : dom.substr(from + 8, dom.find(" end<", from) - from - 8);
}

const char *const pictures_within = "[...page.querySelectorAll('.narrow svg.topology')].filter(p => "
                                    "p.getBoundingClientRect().width > 100 && p.getBoundingClientRect().right <= "
                                    "view.innerWidth).length";

/* On a phone nothing goes beyond the screen: the page is as wide as that, and so is the picture of the system. */
TEST_F(Browser, PhoneHasAllOfIt)
{
    EXPECT_EQ(ask(folder_.path(""), page(), 390, "page.documentElement.scrollWidth <= view.innerWidth"), "true");
    EXPECT_EQ(ask(folder_.path(""), page(), 390, pictures_within), "1");
    EXPECT_EQ(ask(folder_.path(""), page(), 390, "page.querySelector('.wide').getBoundingClientRect().width"), "0");
    EXPECT_EQ(ask(folder_.path(""), page(), 1200, "page.querySelector('div.narrow').getBoundingClientRect().width"),
              "0");
    EXPECT_EQ(ask(folder_.path(""), page(), 1200,
                  "page.querySelector('.wide svg').getBoundingClientRect().right <= view.innerWidth"),
              "true");
}

/* A sweep's page, by the same measures. */
TEST_F(Browser, HasASweep)
{
    ASSERT_NO_FATAL_FAILURE(make_sweep());
    const std::string dom = silent_dom();

    for (const char *part :
         {"<title>Access control against the interconnect's latency</title>", "<strong>8 points</strong>, 16 runs",
          "<code>doorbell-per-group</code>: <strong>violated</strong> in 8 of 16 runs", "Pareto front",
          "msi.latency.mean over", "Made by Doorbell " DOORBELL_VERSION ":"}) {
        EXPECT_NE(dom.find(part), std::string::npos) << part;
    }
    expect_no_requests();
    EXPECT_EQ(ask(folder_.path(""), page(), 390, "page.documentElement.scrollWidth <= view.innerWidth"), "true");
    EXPECT_EQ(ask(folder_.path(""), page(), 390,
                  "[...page.querySelectorAll('svg.large')].filter(p => p.getBoundingClientRect().right > "
                  "view.innerWidth).length"),
              "0");
}

/* On paper nothing can be scrolled into view: every word is within the sheet, and the way's end is drawn. */
TEST_F(Browser, PaperHasAllOfIt)
{
    const std::string pdf = folder_.path("print.pdf");
    int status = 1;

    run("command -v pdftotext", &status);
    if (status != 0) {
        GTEST_SKIP() << "no pdftotext is installed (poppler-utils)";
    }
    run(browser() + "--print-to-pdf=" + pdf + " 'file://" + page() + "'");
    std::istringstream lines(run("pdftotext -bbox " + pdf + " -"));
    std::string words;
    double width = 0;
    unsigned pages = 0;

    for (std::string line; std::getline(lines, line);) {
        double from = 0;
        double to = 0;
        char word[64] = "";

        if (sscanf(line.c_str(), " <page width=\"%lf\"", &width) == 1) {
            pages++;
        } else if (sscanf(line.c_str(), " <word xMin=\"%lf\" yMin=\"%*f\" xMax=\"%lf\" yMax=\"%*f\">%63[^<]", &from,
                          &to, word) == 3) {
            EXPECT_GE(from, 0) << line;
            EXPECT_LE(to, width) << line;
            words += std::string(word) + " ";
        }
    }
    for (const char *part : {"A (ITS)", "B (ITS)", "99.9 % within slowest", "data-before-interrupt"}) {
        EXPECT_NE(words.find(part), std::string::npos) << part << " in " << words;
    }
    EXPECT_GE(pages, 3u);
    EXPECT_LE(pages, 6u) << "a sheet is not left empty because the next part does not fit";
}

TEST_F(Browser, PicturesCanBeTaken)
{
    const char *folder = getenv("DOORBELL_SCREENSHOTS");
    const std::string to = folder == nullptr ? folder_.path("") : std::string(folder) + "/";

    std::filesystem::create_directories(to);
    take_pictures(to, "two-its-split");
    ASSERT_NO_FATAL_FAILURE(make("nested-per-group"));
    take_pictures(to, "nested-per-group");
    ASSERT_NO_FATAL_FAILURE(make_sweep());
    take_pictures(to, "sweep");
}

} // namespace
