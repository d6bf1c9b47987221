/*
 * Fuzz targets: functions that do to a model whatever an input says, and seeds to begin with. libFuzzer drives them
 * (CMake option DOORBELL_FUZZ, with clang); a plain program runs seeds and their mutations as a test.
 */
#ifndef DOORBELL_TESTS_FUZZ_TARGET_H
#define DOORBELL_TESTS_FUZZ_TARGET_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz
{

using Input = std::vector<uint8_t>;

/** Does what an input says. Every input is legal. A broken model ends the process. */
void run(const uint8_t *data, size_t size);

/** An input worth starting from, and what it is about. */
struct Seed {
    std::string name;
    Input bytes;
};

std::vector<Seed> seeds();

/** Reads an input; beyond its end everything is 0. */
class Reader
{
  public:
    Reader(const uint8_t *data, size_t size) : data_(data), size_(size)
    {
    }
    bool done() const
    {
        return at_ >= size_;
    }
    uint64_t take(unsigned bytes)
    {
        uint64_t value = 0;

        for (unsigned i = 0; i < bytes; i++) {
            value |= static_cast<uint64_t>(at_ < size_ ? data_[at_] : 0) << 8 * i;
            at_++;
        }
        return value;
    }
    uint8_t u8()
    {
        return static_cast<uint8_t>(take(1));
    }
    uint16_t u16()
    {
        return static_cast<uint16_t>(take(2));
    }
    uint32_t u32()
    {
        return static_cast<uint32_t>(take(4));
    }
    uint64_t u64()
    {
        return take(8);
    }

  private:
    const uint8_t *data_;
    size_t size_;
    size_t at_ = 0;
};

/** Writes one. */
class Writer
{
  public:
    Writer &put(uint64_t value, unsigned bytes)
    {
        for (unsigned i = 0; i < bytes; i++) {
            bytes_.push_back(static_cast<uint8_t>(value >> 8 * i));
        }
        return *this;
    }
    const Input &bytes() const
    {
        return bytes_;
    }

  private:
    Input bytes_;
};

/** Ends the process: the model is broken. */
[[noreturn]] void fail(const char *what);

} // namespace fuzz

#endif
