"""A small writer of line plots as SVG. The same data gives the same bytes."""

import math

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ["#1b6ca8", "#c0392b", "#27864a", "#8e44ad", "#b9770e", "#34495e", "#16a085", "#d35480"]


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Plot:
    """A plot with a title and two axes; x may be logarithmic to the base 2."""

    def __init__(self, title, x_label, y_label, log_x=False, x_text=None):
        self.title, self.x_label, self.y_label = title, x_label, y_label
        self.log_x = log_x
        self.x_text = x_text or (lambda value: "%g" % value)
        self.lines = []

    def line(self, label, points, marks=False, colour=None, dashed=False):
        """Adds a series: a line, or with `marks` circles alone. A label of None stays out of the legend."""
        self.lines.append((label, sorted(points), marks, colour if colour is not None else len(self.lines), dashed))

    def _x(self, value):
        return math.log2(value) if self.log_x else value

    def _ticks_x(self, low, high):
        if self.log_x:
            step = max(1, round((high - low) / 9))
            return [2.0 ** power for power in range(math.ceil(low), math.floor(high) + 1, step)]
        return self._ticks(low, high)

    @staticmethod
    def _ticks(low, high):
        raw = (high - low) / 6
        step = 10 ** math.floor(math.log10(raw))
        step *= next(factor for factor in (1, 2, 5, 10) if step * factor >= raw)
        first = math.ceil(low / step)
        return [step * i for i in range(first, math.floor(high / step + 1e-9) + 1)]

    def write(self, path):
        """Writes the plot."""
        xs = [self._x(x) for line in self.lines for x, _ in line[1]]
        ys = [y for line in self.lines for _, y in line[1]]
        low_x, high_x, low_y, high_y = min(xs), max(xs), min(0, min(ys)), max(ys) * 1.06

        def place(x, y):
            return (LEFT + (self._x(x) - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT),
                    HEIGHT - BOTTOM - (y - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM))

        out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
               'font-family="sans-serif" font-size="12">' % (WIDTH, HEIGHT, WIDTH, HEIGHT),
               '<rect width="100%" height="100%" fill="white"/>',
               '<text x="%d" y="24" font-size="15">%s</text>' % (LEFT, _escape(self.title))]
        for tick in self._ticks_x(low_x, high_x):
            x, _ = place(tick, low_y)
            out.append('<path d="M%.1f %d V%d" stroke="#ddd"/>' % (x, TOP, HEIGHT - BOTTOM))
            out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
                x, HEIGHT - BOTTOM + 16, _escape(self.x_text(tick))))
        for tick in self._ticks(low_y, high_y):
            _, y = place(2.0 ** low_x if self.log_x else low_x, tick)
            out.append('<path d="M%d %.1f H%d" stroke="#ddd"/>' % (LEFT, y, WIDTH - RIGHT))
            out.append('<text x="%d" y="%.1f" text-anchor="end">%g</text>' % (LEFT - 6, y + 4, tick))
        out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>' % (
            (LEFT + WIDTH - RIGHT) // 2, HEIGHT - 12, _escape(self.x_label)))
        out.append('<text transform="translate(18 %d) rotate(-90)" text-anchor="middle">%s</text>' % (
            (TOP + HEIGHT - BOTTOM) // 2, _escape(self.y_label)))
        out += self._series(place)
        out.append("</svg>")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join(out) + "\n")

    def _series(self, place):
        out = []
        legend = 0
        for label, points, marks, number, dashed in self.lines:
            colour = COLOURS[number % len(COLOURS)]
            places = [place(x, y) for x, y in points]
            if marks:
                out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="none" stroke="%s"/>' % (x, y, colour)
                        for x, y in places]
            else:
                out.append('<path d="M%s" fill="none" stroke="%s"%s/>' % (
                    " L".join("%.1f %.1f" % xy for xy in places), colour,
                    ' stroke-dasharray="5 4"' if dashed else ""))
            if label is None:
                continue
            y = TOP + 10 + 17 * legend
            legend += 1
            x = WIDTH - RIGHT + 12
            if marks:
                out.append('<circle cx="%d" cy="%d" r="3" fill="none" stroke="%s"/>' % (x + 10, y, colour))
            else:
                out.append('<path d="M%d %d h20" stroke="%s"%s/>' % (
                    x, y, colour, ' stroke-dasharray="5 4"' if dashed else ""))
            out.append('<text x="%d" y="%d" font-size="11">%s</text>' % (x + 26, y + 4, _escape(label)))
        return out
