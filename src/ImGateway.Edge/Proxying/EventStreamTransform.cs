using System.Buffers;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Copies server-sent events with their own time-out, because they may be silent longer than other responses and YARP has one time-out for all
/// responses of a cluster. Must be the last transform, because it starts the response.
/// </summary>
sealed class EventStreamTransform(CurrentOptions options, OpenEventStreams open, TimeProvider time) : ResponseTransform
{
    const string EventStream = "text/event-stream";
    const int BufferBytes = 16 * 1024;

    /// <summary>Most servers send a comment every 15 to 45 seconds; the time-out is long enough for those that send none.</summary>
    static readonly TimeSpan Shortest = TimeSpan.FromHours(1);

    public override async ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse is not { } upstream || context.SuppressResponseBody || !IsEventStream(upstream)) return;
        context.SuppressResponseBody = true;
        await CopyAsync(upstream, context.HttpContext);
    }

    static bool IsEventStream(HttpResponseMessage upstream) =>
        upstream.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types)
        && types.ToString().AsSpan() is var type
        && (type.IndexOf(';') is >= 0 and var end ? type[..end] : type).Trim().Equals(EventStream, StringComparison.OrdinalIgnoreCase);

    async Task CopyAsync(HttpResponseMessage upstream, HttpContext context)
    {
        var limit = options.Value.Upstream.IdleTimeout is var timeout && timeout > Shortest ? timeout : Shortest;
        using var idleTimeout = new CancellationTokenSource(limit, time);
        await using var disconnected = context.RequestAborted.UnsafeRegister(static idleTimeout => ((CancellationTokenSource)idleTimeout!).Cancel(), idleTimeout);
        var (toClient, stream) = (false, new OpenEventStream(idleTimeout));
        open.Add(stream);
        try
        {
            // Flush the headers: a client considers the stream open when it has them, which may be long before the first event.
            await context.Response.StartAsync(idleTimeout.Token);
            await using var events = await upstream.Content.ReadAsStreamAsync(idleTimeout.Token);
            // A zero-byte read returns when there is data, so that a silent stream holds no buffer.
            while (await events.ReadAsync(Memory<byte>.Empty, idleTimeout.Token) == 0)
            {
                var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                try
                {
                    var read = await events.ReadAsync(buffer, idleTimeout.Token);
                    if (read == 0) return;
                    idleTimeout.CancelAfter(limit);
                    toClient = true;
                    await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), idleTimeout.Token);
                    toClient = false;
                    idleTimeout.CancelAfter(limit);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (OperationCanceledException) when (stream.IsEnded && !context.RequestAborted.IsCancellationRequested)
        {
            // Ended by a drain: for the client a normal end, after which it reconnects.
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException or ObjectDisposedException)
        {
            var error = context.RequestAborted.IsCancellationRequested || toClient ? ForwarderError.ResponseBodyClient
                : e is OperationCanceledException ? ForwarderError.RequestTimedOut
                : ForwarderError.ResponseBodyDestination;
            context.Features.Set<IForwarderErrorFeature>(new Failure(error, e));
            // Abort, so that the client does not take this for the end of the stream.
            context.Abort();
        }
        finally
        {
            open.Remove(stream);
        }
    }

    sealed record Failure(ForwarderError Error, Exception? Exception) : IForwarderErrorFeature;
}
