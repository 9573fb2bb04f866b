using CsCheck;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Tests.WebSockets;

public sealed class FrameTrackerTests
{
    static readonly Gen<Frame> AnyFrame =
        from opcode in Gen.Int[0, 15]
        from length in Gen.OneOf(Gen.Int[0, 130], Gen.Const(65_535), Gen.Const(65_536), Gen.Int[126, 3000])
        from fin in Gen.Bool
        from reserved in Gen.Int[0, 7]
        from masked in Gen.Bool
        select new Frame(opcode, new byte[length], fin, reserved, masked);

    [Fact]
    public void However_bytes_are_cut_frames_end_where_they_end()
    {
        Gen.Select(AnyFrame.List[1, 12], Gen.Int[1, 400].Array[1, 20]).Sample((frames, cuts) =>
        {
            var (bytes, expected) = Sequence(frames);
            List<int> found = [];
            var tracker = default(FrameTracker);
            var at = 0;
            for (var cut = 0; at < bytes.Length; cut++)
            {
                var part = bytes.AsSpan(at, Math.Min(cuts[cut % cuts.Length], bytes.Length - at));
                while (!part.IsEmpty)
                {
                    var taken = tracker.Advance(part);
                    part = part[taken..];
                    at += taken;
                    if (tracker.IsAtBoundary) found.Add(at);
                    Assert.Equal(frames.Take(Started(expected, at)).Any(frame => frame.Opcode == Frame.CloseOpcode), tracker.CloseHasBegun);
                }
            }

            Assert.Equal(expected, found);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void One_byte_at_a_time_is_no_different(int length)
    {
        var bytes = new Frame(Frame.Binary, new byte[length]).ToBytes();
        var tracker = default(FrameTracker);
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.Equal(i == 0, tracker.IsAtBoundary);
            Assert.Equal(1, tracker.Advance(bytes.AsSpan(i, 1)));
        }

        Assert.True(tracker.IsAtBoundary);
    }

    [Fact]
    public void A_Close_has_begun_with_its_first_byte()
    {
        var tracker = default(FrameTracker);
        Assert.True(tracker.MayClose);

        tracker.Track([0x88]);

        Assert.True(tracker.CloseHasBegun);
        Assert.False(tracker.IsAtBoundary);
    }

    [Theory]
    [InlineData(new byte[] { 0x88, 2, 0x03, 0xE8 }, 1000)]
    [InlineData(new byte[] { 0x81, 1, 0x03, 0x88, 4, 0x0F, 0xA1, 1, 2 }, 4001)]
    [InlineData(new byte[] { 0x88, 0 }, 0)]
    [InlineData(new byte[] { 0x88, 1, 9 }, 0)]
    [InlineData(new byte[] { 0x88, 0, 0x81, 2, 0x03, 0xE8 }, 0)]
    [InlineData(new byte[] { 0x88, 0x82, 1, 2, 3, 4, 0x03, 0xE8 }, 0)]
    [InlineData(new byte[] { 0x82, 2, 0x03, 0xE8 }, 0)]
    public void The_code_of_a_Close_is_read_however_it_is_split(byte[] bytes, int code)
    {
        var (whole, cut) = (default(FrameTracker), default(FrameTracker));
        whole.Track(bytes);
        for (var i = 0; i < bytes.Length; i++) cut.Track(bytes.AsSpan(i, 1));

        Assert.Equal((code, code), (whole.CloseCode, cut.CloseCode));
    }

    [Fact]
    public void After_a_length_that_cannot_be_no_boundary_is_known()
    {
        var tracker = default(FrameTracker);
        tracker.Track([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);

        Assert.True(tracker.IsLost);
        Assert.Equal(3, tracker.Advance([0x82, 0, 0x82]));
        Assert.False(tracker.MayClose);
    }

    [Fact]
    public void The_longest_length_is_followed()
    {
        var tracker = default(FrameTracker);
        tracker.Track([0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]);

        Assert.False(tracker.IsLost);
        Assert.False(tracker.IsAtBoundary);
    }

    /// <summary>How many frames have begun within the first <paramref name="at"/> bytes.</summary>
    static int Started(List<int> ends, int at) => ends.Count(end => end < at) + 1;

    static (byte[] Bytes, List<int> Ends) Sequence(List<Frame> frames)
    {
        using var bytes = new MemoryStream();
        List<int> ends = [];
        foreach (var frame in frames)
        {
            bytes.Write(frame.ToBytes());
            ends.Add((int)bytes.Length);
        }

        return (bytes.ToArray(), ends);
    }
}
