using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ImGateway.Edge.Connections;

/// <summary>Marks a connection over a limit, on which only http-01 requests of a CA are answered.</summary>
sealed record OverLimitFeature(ConnectionRefusal Refusal);

/// <summary>Admission for listeners without TLS. As with TLS, a client that sends nothing is closed after <c>Edge:Tls:HandshakeTimeout</c>.</summary>
sealed class PlaintextMiddleware(ConnectionGate gate, TlsSection options, TimeProvider time)
{
    public ConnectionDelegate Use(ConnectionDelegate next) => connection => ServeAsync(connection, next);

    async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var admission = await gate.AdmitAsync(connection, timeout);
        if (admission.IsClosed) return;
        // A stop cancels the wait, as the server would do after this middleware.
        using var stop = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested.UnsafeRegister(
            static wait => ((CancellationTokenSource)wait!).Cancel(), timeout) ?? default;
        var hasData = await WaitForDataAsync(connection, timeout.Token);
        admission.OnFirstBytes();
        await stop.DisposeAsync();
        if (!hasData)
        {
            if (admission.IsOverLimit) gate.OnRefused(admission.Refusal, connection.RemoteEndPoint);
            return;
        }

        if (admission.IsOverLimit) connection.Features.Set(new OverLimitFeature(admission.Refusal));
        timeout.CancelAfter(Timeout.InfiniteTimeSpan);
        await next(connection);
    }

    static async ValueTask<bool> WaitForDataAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        try
        {
            var read = await connection.Transport.Input.ReadAsync(cancellationToken);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            return !read.Buffer.IsEmpty;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }
}
