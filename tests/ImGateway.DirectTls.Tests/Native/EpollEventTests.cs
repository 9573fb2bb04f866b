using System.Runtime.InteropServices;
using ImGateway.DirectTls.Native;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Native;

public sealed class EpollEventTests
{
    /// <summary>The C compiler of this machine knows the layout of this machine.</summary>
    [Fact]
    public async Task The_layout_is_that_of_the_C_library()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(
            directory["layout.c"],
            """
            #include <stddef.h>
            #include <stdio.h>
            #include <sys/epoll.h>
            int main(void) { printf("%zu %zu", sizeof(struct epoll_event), offsetof(struct epoll_event, data)); }
            """,
            TestContext.Current.CancellationToken);
        var compiled = await ExternalTool.RunAsync("gcc", ["-o", directory["layout"], directory["layout.c"]]);
        Assert.True(compiled.ExitCode == 0, compiled.All);

        var printed = await ExternalTool.RunAsync(directory["layout"], []);

        var here = RuntimeInformation.ProcessArchitecture;
        Assert.Equal($"{EpollEvent.SizeOn(here)} {EpollEvent.DataOffsetOn(here)}", printed.Output);
    }

    // linux/eventpoll.h: EPOLL_PACKED is defined for x86-64 alone; elsewhere 64 bits are aligned to 8 bytes.
    [Theory]
    [InlineData(Architecture.X64, 12, 4)]
    [InlineData(Architecture.Arm64, 16, 8)]
    public void The_layout_is_packed_on_x86_64_alone(Architecture architecture, int size, int dataOffset)
    {
        Assert.Equal(size, EpollEvent.SizeOn(architecture));
        Assert.Equal(dataOffset, EpollEvent.DataOffsetOn(architecture));
    }

    [Fact]
    public unsafe void What_is_written_is_read_at_its_place()
    {
        var events = stackalloc byte[3 * EpollEvent.Size + 4];

        EpollEvent.Write(events + EpollEvent.Size, Readiness.Readable | Readiness.PeerClosed, 0x0123_4567_89AB_CDEF);

        Assert.Equal(Readiness.Readable | Readiness.PeerClosed, EpollEvent.Events(events, 1));
        Assert.Equal(0x0123_4567_89AB_CDEFUL, EpollEvent.Data(events, 1));
    }
}
