using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.WebSockets;

/// <param name="By">Who ended it.</param>
/// <param name="InOrder">Whether the client's side is to be ended as if there were no more to say, or cut.</param>
/// <param name="Error">What the forwarder's other parts are to know of it.</param>
/// <param name="Exception">What went wrong, if something did.</param>
sealed record RelayEnd(ClosedBy By, bool InOrder, ForwarderError Error, Exception? Exception = null);

/// <summary>
/// Relays one WebSocket by two loops, each a single method for the socket's whole life: nothing is allocated for a message, and no
/// buffer is held while waiting. Bytes pass untouched in both directions. Frames are followed: the upstream's, so that a Close frame
/// can be put between two of them; both sides', because the first Close frame decides who closed (by RFC 6455 §7.1.1 the server ends
/// TCP first, also where the client began the closing handshake).
/// </summary>
sealed class WebSocketRelay(string route, Stream client, Stream upstream, WebSocketMetrics metrics, TimeProvider time) : OpenWebSocket(route, time), IDisposable
{
    /// <summary>How long what was sent before one side vanished may take to reach the other.</summary>
    static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(5);

    // Whose turn it is to write to the client. From FirstCloseCode on: the loop's, which was asked to close with this code.
    const int Relaying = 0;
    const int Quiet = 1;
    const int Closing = 2;
    const int Closed = 3;
    const int FirstCloseCode = 1000;

    const int NoClose = -1;

    const int BufferSize = 16 * 1024;
    const int LargeBufferSize = 64 * 1024;

    readonly CancellationTokenSource _ended = new(Timeout.InfiniteTimeSpan, time);
    TaskCompletionSource? _closing;
    RelayEnd? _end;
    // Of whom the first Close frame is, as a ClosedBy; NoClose until one has passed.
    int _firstClose = NoClose;
    volatile bool _hasSentClose;
    int _turn = Relaying;

    /// <summary>Whether the client has got the Close frame that was asked for.</summary>
    public bool HasSentClose => _hasSentClose;

    bool IsAskedToClose => Volatile.Read(ref _turn) >= FirstCloseCode;

    /// <summary>Until both directions have ended; the upstream's side is closed then.</summary>
    public async Task<RelayEnd> RunAsync()
    {
        // Disposing it is what ends a wait for the upstream: a token would have to be registered anew for each wait.
        await using var cut = _ended.Token.UnsafeRegister(static upstream => ((Stream)upstream!).Dispose(), upstream);
        try
        {
            await Task.WhenAll(ToUpstreamAsync(), ToClientAsync());
        }
        finally
        {
            await _ended.CancelAsync();
            // From here on nobody may write to a stream that the server uses again.
            if (Interlocked.Exchange(ref _turn, Closed) == Closing) await _closing!.Task;
        }

        // A fault of the edge's own is not made good by a Close that came before it.
        var (end, first) = (_end!, Volatile.Read(ref _firstClose));
        return first == NoClose || end.By == ClosedBy.Error ? end : end with { By = (ClosedBy)first };
    }

    public override void RequestClose(ushort code)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, FirstCloseCode);
        var closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _closing, closing, null) is not null) return;
        while (true)
        {
            var turn = Interlocked.CompareExchange(ref _turn, Closing, Quiet);
            if (turn == Quiet) _ = CloseWhileQuietAsync(code, closing);
            if (turn != Relaying || Interlocked.CompareExchange(ref _turn, code, Relaying) == Relaying) return;
        }
    }

    public override void Abort(ClosedBy by)
    {
        // Nothing is left to say after a long silence, but the client is there perhaps: an end in order costs nothing.
        if (by == ClosedBy.Idle) End(new RelayEnd(by, InOrder: true, ForwarderError.UpgradeActivityTimeout));
        else End(new RelayEnd(by, InOrder: false, ForwarderError.None));
    }

    /// <summary>The client is gone, though bytes that it sent before may still be on their way.</summary>
    public void OnClientGone() => EndSoon(new RelayEnd(ClosedBy.Client, InOrder: true, ForwarderError.None));

    public void Dispose() => _ended.Dispose();

    async Task ToUpstreamAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var follower = default(FrameFollower);
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = client.ReadAsync(Memory<byte>.Empty, ended);
                await waiting;
                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var read = await client.ReadAsync(buffer, ended);
                    if (read == 0) break;
                    if (!follower.CloseHasBegun)
                    {
                        follower.Follow(buffer.AsSpan(0, read));
                        if (follower.CloseHasBegun) NoteClose(ClosedBy.Client);
                    }

                    CountReceived(read);
                    metrics.OnReceived(read);
                    isWriting = true;
                    await upstream.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                    isWriting = false;
                    CountForwarded();
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            // The upstream has all of it; what it might still say, a connection that is half closed cannot carry.
            End(new RelayEnd(ClosedBy.Client, InOrder: true, ForwarderError.None));
        }
        catch (Exception e)
        {
            // What the upstream said before it broke off is on its way to the client.
            if (isWriting) Fail(ClosedBy.Upstream, ForwarderError.UpgradeRequestDestination, e, soon: true);
            else Fail(ClosedBy.Client, ForwarderError.UpgradeRequestClient, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    async Task ToClientAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var follower = default(FrameFollower);
        var isDropping = false;
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = upstream.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                if (!waiting.IsCompleted && !isDropping && follower.MayClose)
                {
                    // The turn is given away only to wait: while data keeps coming it costs nothing.
                    if (Interlocked.CompareExchange(ref _turn, Quiet, Relaying) == Relaying)
                    {
                        await waiting;
                        isDropping = Interlocked.CompareExchange(ref _turn, Relaying, Quiet) != Quiet;
                    }
                    else
                    {
                        isDropping = true;
                        await CloseAsync();
                        await waiting;
                    }
                }
                else
                {
                    await waiting;
                }

                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var reading = upstream.ReadAsync(buffer, CancellationToken.None);
                    int read;
                    if (!reading.IsCompleted && !isDropping && follower.MayClose)
                    {
                        // Sockets end a wait without a buffer at any event, also one whose data has been read: this may be a long wait too.
                        var late = reading.AsTask();
                        isDropping = await GiveTurnAwayAsync(late);
                        read = await late;
                    }
                    else
                    {
                        read = await reading;
                    }

                    if (read == 0) break;
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                    // After our Close nothing may follow (RFC 6455 §5.5.1), but the upstream must be able to end.
                    if (isDropping) continue;
                    isWriting = true;
                    var count = Follow(ref follower, buffer.AsSpan(0, read));
                    if (follower.CloseHasBegun)
                    {
                        NoteClose(ClosedBy.Upstream);
                        CloseCode = follower.CloseCode;
                    }

                    CountSent(count);
                    metrics.OnSent(count);
                    await client.WriteAsync(buffer.AsMemory(0, count), ended);
                    CountTaken();
                    if (follower.MayClose && IsAskedToClose)
                    {
                        isDropping = true;
                        await CloseAsync();
                    }

                    isWriting = false;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            End(new RelayEnd(ClosedBy.Upstream, InOrder: true, ForwarderError.None));
        }
        catch (Exception e)
        {
            if (isWriting) Fail(ClosedBy.Client, ForwarderError.UpgradeResponseClient, e, soon: true);
            else Fail(ClosedBy.Upstream, ForwarderError.UpgradeResponseDestination, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    /// <returns>Whether a Close went out meanwhile.</returns>
    async Task<bool> GiveTurnAwayAsync(Task waiting)
    {
        if (Interlocked.CompareExchange(ref _turn, Quiet, Relaying) == Relaying)
        {
            await waiting;
            return Interlocked.CompareExchange(ref _turn, Relaying, Quiet) != Quiet;
        }

        try
        {
            await CloseAsync();
        }
        finally
        {
            // Also where it failed, which ends the wait within LastBytes: the read under way has a buffer of the caller's.
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }

    /// <summary>How much goes to the client: all, or up to the next boundary where a Close waits for it.</summary>
    int Follow(ref FrameFollower follower, ReadOnlySpan<byte> bytes)
    {
        if (IsAskedToClose && !follower.CloseHasBegun) return follower.Advance(bytes);
        follower.Follow(bytes);
        return bytes.Length;
    }

    /// <summary>The loop's own, when it was asked while it had the turn.</summary>
    async ValueTask CloseAsync()
    {
        try
        {
            await SendCloseAsync(Interlocked.Exchange(ref _turn, Closed));
        }
        catch (Exception e)
        {
            // Before anything waits for the upstream: this bounds that wait.
            Fail(ClosedBy.Client, ForwarderError.UpgradeResponseClient, e, soon: true);
            throw;
        }
    }

    async Task CloseWhileQuietAsync(int code, TaskCompletionSource closing)
    {
        try
        {
            await SendCloseAsync(code);
        }
        catch (Exception e)
        {
            Fail(ClosedBy.Client, ForwarderError.UpgradeResponseClient, e, soon: true);
        }
        finally
        {
            // Waited for by RunAsync.
            closing.SetResult();
        }
    }

    async ValueTask SendCloseAsync(int code)
    {
        var frame = new byte[] { 0x88, sizeof(ushort), 0, 0 };
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)code);
        // Noted first: the client's echo may be read before the write has returned.
        var isFirst = NoteClose(ClosedBy.Drain);
        try
        {
            await client.WriteAsync(frame, _ended.Token);
        }
        catch
        {
            if (isFirst) Interlocked.CompareExchange(ref _firstClose, NoClose, (int)ClosedBy.Drain);
            throw;
        }

        CloseCode = code;
        _hasSentClose = true;
    }

    /// <returns>Whether none had passed before.</returns>
    bool NoteClose(ClosedBy by) => Interlocked.CompareExchange(ref _firstClose, (int)by, NoClose) == NoClose;

    void Fail(ClosedBy by, ForwarderError error, Exception exception, bool soon)
    {
        var end = new RelayEnd(IsOfStream(exception) ? by : ClosedBy.Error, InOrder: by == ClosedBy.Client, error, exception);
        if (soon) EndSoon(end);
        else End(end);
    }

    void End(RelayEnd end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Lets the other direction end by itself, but not for ever.</summary>
    void EndSoon(RelayEnd end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.CancelAfter(LastBytes);
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>What streams throw at their end; the last where a pipe was completed by an abort.</summary>
    static bool IsOfStream(Exception e) => e is IOException or SocketException or OperationCanceledException or InvalidOperationException;
}
