/* tests/bench/imaging/bench_imaging.cc - image operators, by turns with OpenCV
 *
 *     bench_imaging [--rounds N] [--only NAME] [IMAGE...]
 *
 * Each operator of ours and its counterpart in OpenCV run by turns in one
 * process: first one thread each, then two.  With two threads ours works on two
 * images at once; OpenCV does the same, and once more with two threads of its
 * own inside each image, and the faster of both counts.  Without images, ones
 * like X-rays are made: smooth shapes, two scales of smooth noise, grain.  One
 * JSON line a case: microseconds for an image (median of the rounds, the least,
 * and the median of what processors were busy with it, which other programs on
 * the machine disturb least), the ratios of ours to OpenCV's, and the largest
 * difference of the results.  A ratio of 0.8 or less is what is wanted.
 */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

extern "C" {
#include "kernels/connected.h"
#include "kernels/image.h"
#include "kernels/morphology.h"
#include "kernels/threshold.h"
#include "kernels/tone.h"
}

namespace
{

ost_tensor tensor_of(const cv::Mat &m, ost_dtype type = OST_U8)
{
    const int64_t shape[] = { m.rows, m.cols };

    return ost_tensor_of(m.data, type, 2, shape);
}

[[noreturn]] void stop(const char *what)
{
    (void)std::fprintf(stderr, "bench_imaging: %s\n", what);
    std::exit(1);
}

void check(ost_rc rc)
{
    if (rc)
        stop("an operator failed");
}

/* An operator and its counterpart, with what both write. */
struct bout {
    std::string name;
    std::function<void(const cv::Mat &, cv::Mat &)> ours;
    std::function<void(const cv::Mat &, cv::Mat &)> peer;
    std::function<cv::Mat(const cv::Mat &)> make; /* the output for an image */
    std::function<cv::Mat(const cv::Mat &)> from = nullptr; /* the input */
};

cv::Mat same_size(const cv::Mat &image)
{
    return cv::Mat(image.size(), CV_8U);
}

bout canny(int aperture, bool l2)
{
    const double factor = aperture == 3 ? 1 : aperture == 5 ? 8 : 90;
    const ost_canny_spec spec = { 100 * factor, 200 * factor, aperture, l2 };

    return { "canny " + std::to_string(aperture) + (l2 ? " L2" : " L1"),
             [=](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);

                 check(ost_cpu_canny(&from, &spec, &to, nullptr));
             },
             [=](const cv::Mat &in, cv::Mat &out) {
                 cv::Canny(in, out, spec.low, spec.high, aperture, l2);
             },
             same_size };
}

bout resize(double factor)
{
    char name[32];

    (void)std::snprintf(name, sizeof(name), "resize %.4g", factor);
    return { name,
             [](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);

                 check(ost_cpu_resize(&from, OST_RESIZE_LINEAR, &to, nullptr));
             },
             [](const cv::Mat &in, cv::Mat &out) {
                 cv::resize(in, out, out.size(), 0, 0, cv::INTER_LINEAR);
             },
             [=](const cv::Mat &in) {
                 return cv::Mat(cvRound(in.rows * factor),
                                cvRound(in.cols * factor), CV_8U);
             } };
}

bout rotate(double degrees)
{
    char name[32];

    (void)std::snprintf(name, sizeof(name), "rotate %.4g", degrees);
    const auto map = [=](const cv::Mat &in) {
        ost_motion motion = {};

        motion.rotate = degrees;
        motion.scale = 1;
        return ost_affine_of(&motion, in.rows, in.cols);
    };
    return { name,
             [=](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);
                 ost_warp_spec spec = {};

                 spec.map = map(in);
                 spec.border = OST_BORDER_CONSTANT;
                 check(ost_cpu_warp(&from, &spec, &to, nullptr));
             },
             [=](const cv::Mat &in, cv::Mat &out) {
                 ost_affine a = map(in);

                 cv::warpAffine(in, out, cv::Mat(2, 3, CV_64F, a.m), out.size(),
                                cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                                cv::BORDER_CONSTANT);
             },
             same_size };
}

bout blur(double sigma, int size)
{
    char name[32];

    (void)std::snprintf(name, sizeof(name), "blur %.4g/%d", sigma, size);
    return { name,
             [=](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);

                 check(ost_cpu_blur(&from, sigma, size, &to, nullptr));
             },
             [=](const cv::Mat &in, cv::Mat &out) {
                 cv::GaussianBlur(in, out, cv::Size(size, size), sigma, sigma,
                                  cv::BORDER_REPLICATE);
             },
             same_size };
}

/* Labels, areas, boxes and centers of what is bright. */
bout components(int neighbors)
{
    const int above = 128;

    return { "components " + std::to_string(neighbors),
             [=](const cv::Mat &in, cv::Mat &out) {
                 const int64_t shape[] = { in.rows, in.cols };
                 ost_tensor from = tensor_of(in);
                 ost_tensor to = ost_tensor_of(out.data, OST_I32, 2, shape);
                 ost_components found = {};

                 check(ost_components_find(
                     &from, neighbors == 4 ? OST_COMPONENTS_SIDES : 0, &found,
                     nullptr));
                 check(ost_components_label(&found, &to, nullptr));
                 ost_components_release(&found);
             },
             [=](const cv::Mat &in, cv::Mat &out) {
                 cv::Mat statistics, centers;

                 cv::connectedComponentsWithStats(in, out, statistics, centers,
                                                  neighbors, CV_32S);
             },
             [](const cv::Mat &in) { return cv::Mat(in.size(), CV_32S); },
             [=](const cv::Mat &in) { return cv::Mat(in > above); } };
}

bout cubic(double factor)
{
    char name[32];

    (void)std::snprintf(name, sizeof(name), "cubic %.4g", factor);
    return { name,
             [](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);

                 check(ost_cpu_resize(&from, OST_RESIZE_CUBIC, &to, nullptr));
             },
             [](const cv::Mat &in, cv::Mat &out) {
                 cv::resize(in, out, out.size(), 0, 0, cv::INTER_CUBIC);
             },
             [=](const cv::Mat &in) {
                 return cv::Mat(cvRound(in.rows * factor),
                                cvRound(in.cols * factor), CV_8U);
             } };
}

/* `shape` is "rect", "ellipse" or "cross". */
bout morph(ost_morph_change change, const std::string &shape, int size)
{
    const bool rect = shape == "rect", ellipse = shape == "ellipse";
    const ost_morph_spec spec = { change,
                                  rect      ? OST_MORPH_RECT
                                  : ellipse ? OST_MORPH_ELLIPSE
                                            : OST_MORPH_CROSS,
                                  size, 1 };
    const char *const names[] = { "erode", "dilate", "open" };
    const int kinds[] = { cv::MORPH_ERODE, cv::MORPH_DILATE, cv::MORPH_OPEN };
    const cv::Mat element =
        cv::getStructuringElement(rect      ? cv::MORPH_RECT
                                  : ellipse ? cv::MORPH_ELLIPSE
                                            : cv::MORPH_CROSS,
                                  cv::Size(size, size));

    return { std::string(names[change]) + " " + shape + " " +
                 std::to_string(size),
             [=](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);

                 check(ost_cpu_morphology(&from, &spec, &to, nullptr));
             },
             [=](const cv::Mat &in, cv::Mat &out) {
                 cv::morphologyEx(in, out, kinds[change], element);
             },
             same_size };
}

bout gray()
{
    return { "gray",
             [](const cv::Mat &in, cv::Mat &out) {
                 const int64_t shape[] = { in.rows, in.cols, 3 };
                 ost_tensor from = ost_tensor_of(in.data, OST_U8, 3, shape);
                 ost_tensor to = tensor_of(out);

                 check(ost_cpu_gray(&from, &to, nullptr));
             },
             [](const cv::Mat &in, cv::Mat &out) {
                 cv::cvtColor(in, out, cv::COLOR_RGB2GRAY);
             },
             same_size,
             [](const cv::Mat &in) {
                 cv::Mat color;

                 cv::merge(std::vector<cv::Mat>{ in, 255 - in, in / 2 }, color);
                 return color;
             } };
}

/* Marks what is above the level. */
bout otsu()
{
    return { "otsu",
             [](const cv::Mat &in, cv::Mat &out) {
                 ost_tensor from = tensor_of(in), to = tensor_of(out);
                 ost_threshold_spec spec = { 0, true, 255, 0 };

                 check(ost_cpu_otsu(&from, nullptr, &spec.least, nullptr));
                 check(ost_cpu_threshold(&from, &spec, &to, nullptr));
             },
             [](const cv::Mat &in, cv::Mat &out) {
                 cv::threshold(in, out, 0, 255,
                               cv::THRESH_BINARY | cv::THRESH_OTSU);
             },
             same_size };
}

std::vector<bout> all_bouts()
{
    return { canny(3, false),
             canny(3, true),
             canny(5, false),
             canny(7, false),
             resize(0.5),
             resize(0.75),
             resize(1.5),
             rotate(7),
             rotate(90),
             blur(1.4, 5),
             blur(1.4, 0),
             blur(3, 0),
             components(8),
             components(4),
             cubic(0.75),
             cubic(1.5),
             gray(),
             otsu(),
             morph(OST_MORPH_ERODE, "rect", 3),
             morph(OST_MORPH_DILATE, "rect", 3),
             morph(OST_MORPH_ERODE, "rect", 15),
             morph(OST_MORPH_ERODE, "rect", 31),
             morph(OST_MORPH_ERODE, "rect", 51),
             morph(OST_MORPH_DILATE, "ellipse", 5),
             morph(OST_MORPH_ERODE, "ellipse", 9),
             morph(OST_MORPH_ERODE, "ellipse", 51),
             morph(OST_MORPH_ERODE, "cross", 3),
             morph(OST_MORPH_OPEN, "ellipse", 5) };
}

/* ---- images ---- */

cv::Mat made_image(int side)
{
    cv::Mat noise(side, side, CV_32F), coarse(side, side, CV_32F), image;
    cv::RNG random(7);

    random.fill(noise, cv::RNG::NORMAL, 0, 1);
    cv::GaussianBlur(noise, coarse, cv::Size(), side / 60.0);
    image = 100 + coarse * side * 0.6;
    for (int i = 0; i < 24; i++) {
        cv::Mat layer(side, side, CV_32F, cv::Scalar(0));
        const cv::Point at(random.uniform(0, side), random.uniform(0, side));
        const cv::Size size(random.uniform(side / 40, side / 5),
                            random.uniform(side / 60, side / 8));

        cv::ellipse(layer, at, size, random.uniform(0, 180), 0, 360,
                    cv::Scalar(random.uniform(-60, 90)), cv::FILLED);
        cv::GaussianBlur(layer, layer, cv::Size(), 1.2);
        image += layer;
    }
    image += noise * 3;
    image.convertTo(image, CV_8U);
    return image;
}

struct picture {
    std::string name;
    cv::Mat image;
};

std::vector<picture> pictures_of(const std::vector<std::string> &paths)
{
    std::vector<picture> pictures;

    for (const int side : { 1024, 256 }) {
        for (const std::string &path : paths) {
            cv::Mat image = cv::imread(path, cv::IMREAD_GRAYSCALE);

            if (image.empty())
                stop(("cannot read " + path).c_str());
            cv::resize(image, image, cv::Size(side, side), 0, 0,
                       cv::INTER_AREA);
            pictures.push_back({ path, image });
        }
        if (paths.empty())
            pictures.push_back({ "made", made_image(side) });
    }
    return pictures;
}

/* ---- measuring ---- */

double now(clockid_t clock)
{
    timespec t;

    (void)clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) +
           1e-9 * static_cast<double>(t.tv_nsec);
}

/* Seconds of the clock, and of processors. */
struct cost {
    double wall;
    double busy;
};

cost cost_of(const std::function<void()> &body)
{
    const double wall = now(CLOCK_MONOTONIC);
    const double busy = now(CLOCK_PROCESS_CPUTIME_ID);

    body();
    return { now(CLOCK_MONOTONIC) - wall,
             now(CLOCK_PROCESS_CPUTIME_ID) - busy };
}

double median(std::vector<double> v)
{
    std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
    return v[v.size() / 2];
}

/* Microseconds for an image, of all rounds. */
struct series {
    std::vector<double> wall;
    std::vector<double> busy;

    void add(const cost &c)
    {
        wall.push_back(c.wall * 1e6);
        busy.push_back(c.busy * 1e6);
    }
    double least() const
    {
        return *std::min_element(wall.begin(), wall.end());
    }
};

using body = std::function<void(const cv::Mat &, cv::Mat &)>;

/* What an image costs when `calls` are made on each of `threads` threads. */
cost on_threads(const body &run, const cv::Mat &image,
                std::vector<cv::Mat> &outputs, int threads, int calls)
{
    const auto work = [&](int k) {
        for (int i = 0; i < calls; i++)
            run(image, outputs[k]);
    };
    const cost all = cost_of([&] {
        std::vector<std::thread> others;

        for (int k = 1; k < threads; k++)
            others.emplace_back(work, k);
        work(0);
        for (std::thread &other : others)
            other.join();
    });

    return { all.wall / (calls * threads), all.busy / (calls * threads) };
}

double ratio_of(const std::vector<double> &a, const std::vector<double> &b)
{
    std::vector<double> ratios;

    for (size_t i = 0; i < a.size(); i++)
        ratios.push_back(a[i] / b[i]);
    return median(ratios);
}

void measure(const bout &b, const picture &p, int threads, int rounds)
{
    std::vector<cv::Mat> mine, theirs;
    series ours, peer, inside;
    const cv::Mat image = b.from ? b.from(p.image) : p.image;
    double difference;
    int calls = 1;

    for (int k = 0; k < threads; k++) {
        mine.push_back(b.make(image));
        theirs.push_back(b.make(image));
    }
    cv::setNumThreads(1);
    while (on_threads(b.peer, image, theirs, 1, calls).busy * calls < 2e-3)
        calls *= 2;
    on_threads(b.ours, image, mine, 1, 1);
    difference = cv::norm(mine[0], theirs[0], cv::NORM_INF);
    for (int i = 0; i < rounds; i++) {
        ours.add(on_threads(b.ours, image, mine, threads, calls));
        peer.add(on_threads(b.peer, image, theirs, threads, calls));
        if (threads == 1)
            continue;
        cv::setNumThreads(threads);
        inside.add(on_threads(b.peer, image, theirs, 1, calls));
        cv::setNumThreads(1);
    }
    if (threads > 1 && median(inside.wall) < median(peer.wall))
        peer = inside;
    std::printf("{\"bench\": \"%s\", \"image\": \"%s\", \"side\": %d, "
                "\"threads\": %d, \"us\": %.1f, \"opencv_us\": %.1f, "
                "\"ratio\": %.3f, \"least_us\": %.1f, \"opencv_least_us\": "
                "%.1f, \"ratio_of_least\": %.3f, \"busy_us\": %.1f, "
                "\"opencv_busy_us\": %.1f, \"ratio_of_busy\": %.3f, "
                "\"difference\": %g}\n",
                b.name.c_str(), p.name.c_str(), p.image.rows, threads,
                median(ours.wall), median(peer.wall),
                ratio_of(ours.wall, peer.wall), ours.least(), peer.least(),
                ours.least() / peer.least(), median(ours.busy),
                median(peer.busy), ratio_of(ours.busy, peer.busy), difference);
    (void)std::fflush(stdout);
}

} /* namespace */

int main(int argc, char **argv)
{
    std::vector<std::string> paths;
    std::string only;
    int rounds = 31;

    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];

        if (word == "--rounds" && i + 1 < argc)
            rounds = std::max(1, std::atoi(argv[++i]));
        else if (word == "--only" && i + 1 < argc)
            only = argv[++i];
        else if (word[0] == '-')
            stop("usage: bench_imaging [--rounds N] [--only NAME] [IMAGE...]");
        else
            paths.push_back(word);
    }
    std::printf("{\"bench\": \"imaging\", \"opencv\": \"%s\", \"ipp\": %s}\n",
                CV_VERSION, cv::ipp::useIPP() ? "true" : "false");
    for (const picture &p : pictures_of(paths))
        for (const bout &b : all_bouts())
            for (int threads = 1; threads <= 2; threads++)
                if (b.name.compare(0, only.size(), only) == 0)
                    measure(b, p, threads, rounds);
    return 0;
}
